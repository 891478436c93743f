"""Putting a worker together: the Celery application, its pool and its main process."""

import logging
from collections.abc import Sequence
from typing import Any

from celery import Celery, signals

from jobs.logs import configure
from jobs.queue import make_celery
from worker import pool
from worker.controller import Controller

QUIET = ("celery", "kombu", "amqp", "redis", "multiprocessing")


def make_app(plan: pool.Plan, *, module: str, check_command: Sequence[str]) -> Celery:
    """Make the application for `celery -A module worker`; children import `module` again.

    `check_command` ends with 0 when the pool may be started.
    """
    app = make_celery(plan.jobs.redis_url)
    app.conf.update(
        include=[module, "worker.tasks"],
        worker_concurrency=plan.worker.children,
        # Celery kills a child that is silent for 4 s at its start; a large model may take longer
        # to load, and one that cannot be loaded pauses on purpose.
        worker_proc_alive_timeout=60.0,
    )
    app.Worker = app.subclass_with_self(
        Controller, name="Worker", check_command=tuple(check_command)
    )
    signals.setup_logging.connect(_set_up_logs, weak=False)
    pool.install(plan)
    return app


def _set_up_logs(**_: Any) -> None:
    configure("worker")
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(drop_task_data)


def drop_task_data(record: logging.LogRecord) -> bool:
    """Leave out the copy of a task with its stack trace that Celery adds to its records."""
    vars(record).pop("data", None)
    return True
