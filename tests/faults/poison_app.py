"""A worker whose cascade reads orders instead of pixels: the real worker in everything else.

A picture is text: `ok`, `slow 0.2`, `hang` (deaf to Python), `freeze` (with the interpreter's lock
held), `crash`, `exit`, `memory`, `bug`, `damaged`.
"""

import ctypes
import dataclasses
import json
import os
import time

from jobs.settings import JobsSettings
from models.classifiers.cascade import CascadeResult, Prediction
from models.errors import ImageCode, ImageError
from worker import pool
from worker.fleet import make_app
from worker.rollover import Loaded
from worker.settings import WorkerSettings


class Poison:
    """Does what the picture says."""

    def run(self, data, on_stage=None):
        order, _, argument = data.decode().partition(" ")
        getattr(self, order)(*argument.split()[:1])
        stage = Prediction(
            stage="person",
            question="Is there a human?",
            model="person",
            version="1",
            label="human",
            score=0.9,
            threshold=0.5,
            unsure_band=(0.4, 0.6),
            passed=True,
            unsure=False,
            scores={"human": 0.9, "no_human": 0.1},
            milliseconds=1.0,
        )
        if on_stage:
            on_stage(stage)
        return CascadeResult(
            text=f"did {order}",
            label="human",
            unsure=False,
            stages=(stage,),
            decoding_milliseconds=0.5,
        )

    def ok(self, _note="") -> None:
        pass

    def slow(self, seconds) -> None:
        time.sleep(float(seconds))

    def hang(self) -> None:
        lock_twice(ctypes.CDLL(None))

    def freeze(self) -> None:
        lock_twice(ctypes.PyDLL(None))

    def crash(self) -> None:
        ctypes.string_at(0)

    def exit(self) -> None:
        os._exit(9)

    def memory(self) -> None:
        bytearray(8 * 2**30)

    def bug(self) -> None:
        raise ZeroDivisionError("a bug")

    def damaged(self) -> None:
        raise ImageError(ImageCode.DAMAGED, "The file is damaged.")


def lock_twice(libc: ctypes.CDLL) -> None:
    """Wait for ever in C, through every signal."""
    lock = ctypes.create_string_buffer(64)
    for _ in range(2):
        libc.pthread_mutex_lock(lock)


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
