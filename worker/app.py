"""The workers' Celery application, which `python -m worker` runs; each pool child imports it anew.

Settings come from the environment (`REDIS_URL`, `WORKERS`, `SPOTTER_*`). A bad one is refused
before Celery is imported, which takes ten times as long as to read them.
"""

import gc
import os
import sys

# What is imported lives as long as the process; looking for garbage among it is a sixth of a start.
gc.disable()

# One thread each: the pool has a process a core. To be set before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Where a worker ends at once, billiard's helper process removes its semaphores, and would say so.
os.environ.setdefault("PYTHONWARNINGS", "ignore:semaphore_tracker:UserWarning")

from jobs.tracing import is_wanted, keep_out

keep_out(os.environ)

from jobs.errors import SettingError
from jobs.names import refuse_unknown
from jobs.secret_manager import reveal
from jobs.settings import JobsSettings
from worker.settings import WorkerSettings

try:
    refuse_unknown(os.environ)
    os.environ.update(reveal(os.environ))  # children inherit them and ask nobody
    jobs_settings = JobsSettings.from_env(os.environ)
    worker_settings = WorkerSettings.from_env(os.environ, cores=os.cpu_count() or 1)
    is_traced = is_wanted(os.environ)
except SettingError as error:
    sys.exit(f"worker: {error}")

from worker import pool
from worker.fleet import make_app

app = make_app(
    pool.Plan(
        jobs=jobs_settings,
        worker=worker_settings,
        load=pool.load_cascades,
        is_traced=is_traced,
        project=os.environ.get("GOOGLE_CLOUD_PROJECT", ""),
    ),
    module="worker.app",
)
gc.freeze()
gc.enable()
