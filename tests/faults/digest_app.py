"""A worker whose answer is the picture's checksum: the whole queue at next to no price a picture.

An answer then belongs to one picture and no other, so a checker sees results that were mixed up.
"""

import os
import zlib

from jobs.settings import JobsSettings
from models.classifiers.cascade import CascadeResult
from tests.worker.cascades import make_prediction
from worker import pool
from worker.fleet import make_app
from worker.rollover import Loaded
from worker.settings import WorkerSettings


class Digest:
    """Answers with the checksum of the bytes and its own version."""

    def __init__(self, version: str) -> None:
        self.version = version

    def run(self, data, on_stage=None) -> CascadeResult:
        stage = make_prediction(version=self.version)
        if on_stage:
            on_stage(stage)
        return CascadeResult(
            text=f"{zlib.crc32(data):08x}",
            label="human",
            unsure=False,
            stages=(stage,),
            decoding_milliseconds=0.1,
        )


def load(settings: WorkerSettings, versions) -> Loaded:
    version = os.environ.get("DIGEST_VERSION", "1")
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
