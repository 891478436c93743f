"""What a stack consists of: the command, the environment and the time to end of each program."""

import os
import sys
from collections.abc import Mapping

from deploy.embedded_redis.files import ServerFiles
from deploy.processes import Program
from deploy.settings import ROOT, StackSettings

# All that is granted to the three adds up to less than the 10 s that Ctrl-C may take. A worker
# that needs longer loses nothing: its job's lease runs out and another worker takes the job.
QUEUE_STOP_SECONDS = 1.5
WORKER_STOP_SECONDS = 4.0
WEB_STOP_SECONDS = 3.0


def make_queue(files: ServerFiles, environ: Mapping[str, str]) -> Program:
    """Describe the queue server whose files were written before."""
    return Program(
        name="queue",
        command=[sys.executable, "-m", "deploy.embedded_redis", "serve", str(files.folder)],
        environment={**environ, "PYTHONPATH": str(ROOT)},
        stop_seconds=QUEUE_STOP_SECONDS,
    )


def make_worker(
    settings: StackSettings,
    redis_url: str,
    environ: Mapping[str, str],
    module: str = "worker.app",
) -> Program:
    """Describe the Celery worker with one child for each of `settings.workers`."""
    return Program(
        name="worker",
        command=[sys.executable, "-m", "worker", "-A", module],
        environment=_share(settings, redis_url, environ),
        stop_seconds=WORKER_STOP_SECONDS,
    )


def make_web(settings: StackSettings, redis_url: str, environ: Mapping[str, str]) -> Program:
    """Describe the web process."""
    return Program(
        name="web",
        command=[
            *(sys.executable, "-m", "gunicorn"),
            *("-c", str(ROOT / "deploy" / "gunicorn.conf.py"), "web.wsgi:app"),
        ],
        environment=_share(settings, redis_url, environ),
        stop_seconds=WEB_STOP_SECONDS,
    )


def _share(
    settings: StackSettings, redis_url: str, environ: Mapping[str, str]
) -> Mapping[str, str]:
    kept = dict(environ)
    if settings.redis_url is None:
        # The built-in server's address has its own password; a file for another Redis is not meant.
        kept.pop("SPOTTER_REDIS_PASSWORD_FILE", None)
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), environ.get("PYTHONPATH")])),
        "PYTHONUNBUFFERED": "1",
        "REDIS_URL": redis_url,
        "SPOTTER_DATA": str(settings.data),
        "SPOTTER_HOST": settings.host,
        "PORT": str(settings.port),
        "WORKERS": str(settings.workers),
    }
