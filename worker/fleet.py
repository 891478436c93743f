"""Putting a worker together: the Celery application, its pool and its main process.

What the main process alone needs is imported when it is made: children come by here too.
"""

import logging
import socket
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

from billiard.util import get_logger as get_pool_logger
from celery import Celery, signals
from celery.exceptions import CPendingDeprecationWarning

from jobs.ledger import Ledger
from jobs.logs import configure
from jobs.queue import make_celery
from worker import pool

if TYPE_CHECKING:
    from worker.controller import Controller
    from worker.health import Health

LIBRARIES = ("celery", "kombu", "amqp", "redis", "multiprocessing")


def make_app(plan: pool.Plan, *, module: str) -> Celery:
    """Make the application for `python -m worker -A module`; children import `module` again."""
    app = make_celery(plan.jobs.redis_url)
    app.conf.update(
        include=[module, "worker.tasks"],
        worker_concurrency=plan.worker.children,
        # Celery kills a child that is silent for 4 s at its start; a large model may take longer
        # to load, and one that cannot be loaded pauses on purpose.
        worker_proc_alive_timeout=60.0,
    )
    app.Worker = partial(_make_controller, app, plan)
    app.steps["worker"].add("worker.controller:FirstChildren")
    signals.setup_logging.connect(lambda **_: _set_up_logs(plan.project), weak=False)
    pool.install(plan)
    return app


def _make_controller(app: Celery, plan: pool.Plan, **options: Any) -> "Controller":
    from worker.controller import Controller

    health = make_health(plan) if plan.worker.health_port else None
    return Controller(app=app, health=health, **options)


def make_health(plan: pool.Plan) -> "Health":
    """Make what answers at the health port; it connects when it first looks."""
    from worker.exposition import expose
    from worker.health import Health
    from worker.probe import find_children
    from worker.vitals import read_vitals

    ledger, host = Ledger.connect(plan.jobs, max_connections=2), socket.gethostname()
    return Health(
        partial(find_children, ledger, host),
        plan.worker.health_port,
        tell=lambda: expose(read_vitals(ledger, host)),
    )


def _set_up_logs(project: str) -> None:
    configure("worker", project=project)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    get_pool_logger().propagate = True  # billiard's stands alone, and would print to stderr
    for handler in logging.getLogger().handlers:
        handler.addFilter(drop_traces)
    # Said at every lost connection; a drain that goes on without one is what we want.
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)


def drop_traces(record: logging.LogRecord) -> bool:
    """Cut the libraries' records down to one line: children die, Redis restarts, that is known.

    Their messages name the exception already; the trace is of their own code, and comes twice.
    """
    if record.name.split(".")[0] in LIBRARIES:
        record.exc_info = None
        vars(record).pop("data", None)
        record.msg, record.args = " ".join(record.getMessage().split()), ()
    return True
