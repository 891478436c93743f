"""Workers whose model file crashes whatever reads it."""

import ctypes
import os

from jobs.settings import JobsSettings
from worker import pool
from worker.fleet import make_app
from worker.settings import WorkerSettings


def load(settings, versions):
    ctypes.string_at(0)


app = make_app(
    pool.Plan(
        jobs=JobsSettings.from_env(os.environ),
        worker=WorkerSettings.from_env(os.environ, cores=2),
        load=load,
    ),
    module="tests.worker.crashing_app",
)
