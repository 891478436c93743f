"""A worker whose answer is the picture's checksum: the whole queue at next to no price a picture.

An answer then belongs to one picture and no other, so a checker sees results that were mixed up.
"""

import os
import re
import zlib

from jobs.settings import JobsSettings
from models.classifiers.cascade import CascadeResult
from tests.faults.orders import obey
from tests.worker.cascades import make_prediction
from worker import pool
from worker.fleet import make_app
from worker.rollover import Loaded
from worker.settings import WorkerSettings
from worker.versions import own_version

# deploy/chaos/pictures.py writes it beside the pixels.
ORDERS = re.compile(rb"tEXtOrder\0(\w+)")


class Digest:
    """Obeys a picture's order if it has one; answers with its own version and the checksum of it
    and of the bytes."""

    def __init__(self, version: str) -> None:
        self.version = version

    def run(self, data, on_stage=None) -> CascadeResult:
        order = ORDERS.search(data)
        if order:
            obey(order[1].decode())
        stage = make_prediction(version=self.version)
        if on_stage:
            on_stage(stage)
        return CascadeResult(
            text=f"{zlib.crc32(self.version.encode() + data):08x}",
            label="human",
            unsure=False,
            stages=(stage,),
            decoding_milliseconds=0.1,
        )


def load(settings: WorkerSettings, versions) -> Loaded:
    named = os.environ.get("DIGEST_VERSION") or own_version("person")
    version = versions.get("person", named)
    return Loaded(cascades={"zomato-rider": Digest(version)}, models={"person": version})


def make(module: str):
    return make_app(
        pool.Plan(
            jobs=JobsSettings.from_env(os.environ),
            worker=WorkerSettings.from_env(os.environ, cores=2),
            load=load,
        ),
        module=module,
    )


if __name__ != "__main__":
    app = make("tests.faults.digest_app")
