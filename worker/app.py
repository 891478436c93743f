"""Entry point of the workers: `python -m celery -A worker.app worker`, from the project's folder.

Settings come from the environment (`REDIS_URL`, `WORKERS`, `SPOTTER_*`); options on the command
line are not needed. SIGTERM and SIGINT end it within seconds and lose nothing.
"""

import os
import sys

# One thread each: the pool has a process a core. To be set before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from jobs.tracing import is_wanted, keep_out

keep_out(os.environ)

from jobs.errors import SettingError
from jobs.secret_manager import reveal
from jobs.settings import JobsSettings
from worker import pool
from worker.fleet import make_app
from worker.settings import WorkerSettings

try:
    os.environ.update(reveal(os.environ))  # children inherit them and ask nobody
    plan = pool.Plan(
        jobs=JobsSettings.from_env(os.environ),
        worker=WorkerSettings.from_env(os.environ, cores=os.cpu_count() or 1),
        load=pool.load_cascades,
        is_traced=is_wanted(os.environ),
        project=os.environ.get("GOOGLE_CLOUD_PROJECT", ""),
    )
except SettingError as error:
    sys.exit(f"worker: {error}")

app = make_app(
    plan,
    module="worker.app",
    check_command=(sys.executable, "-m", "worker.check", str(plan.worker.models_root)),
)
