"""A worker whose cascade reads orders instead of pixels: the real worker in everything else.

A picture is text: `ok`, `slow 0.2`, `hang` (deaf to Python), `freeze` (with the interpreter's lock
held), `crash`, `leave`, `memory`, `bug`, `damaged`.
"""

import dataclasses
import json
import os

from jobs.settings import JobsSettings
from models.classifiers.cascade import CascadeResult
from tests.faults.orders import obey
from tests.worker.cascades import make_prediction
from worker import pool
from worker.fleet import make_app
from worker.rollover import Loaded
from worker.settings import WorkerSettings


class Poison:
    """Does what the picture says."""

    def run(self, data, on_stage=None) -> CascadeResult:
        order = data.decode()
        obey(" ".join(order.split()[:2]))
        stage = make_prediction(version="1")
        if on_stage:
            on_stage(stage)
        return CascadeResult(
            text=f"did {order.partition(' ')[0]}",
            label="human",
            unsure=False,
            stages=(stage,),
            decoding_milliseconds=0.5,
        )


def load(settings: WorkerSettings, versions) -> Loaded:
    if os.environ.get("POISON_LOAD"):
        raise OSError("the models are on strike")
    return Loaded(cascades={"zomato-rider": Poison()}, models={"person": "1"})


jobs = dataclasses.replace(
    JobsSettings.from_env(os.environ),
    **json.loads(os.environ.get("POISON_SETTINGS", "{}")),
)
worker = WorkerSettings.from_env({**os.environ, "SPOTTER_MODELS": "/"}, cores=2)
app = make_app(
    pool.Plan(jobs=jobs, worker=worker, load=load),
    module="tests.faults.poison_app",
)
