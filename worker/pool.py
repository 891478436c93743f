"""Opening and closing a child in a process of Celery's pool.

Owns the module's one seat: a pool process holds one child, or none while it has not loaded. Celery
calls back without arguments of ours, so this state is the process's own.
"""

import logging
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import FrameType

from celery import current_app, signals

from jobs.ledger import Ledger
from jobs.queue import ring
from jobs.settings import JobsSettings
from jobs.tracing import Tracer
from jobs.versions import Versions
from models.catalogue import load_pipelines
from models.errors import ModelError
from worker.child import Child
from worker.rollover import Loaded, Rollover
from worker.settings import MEGABYTE, WorkerSettings

logger = logging.getLogger(__name__)

STOP_SIGNAL = signal.SIGUSR2  # neither Celery nor billiard uses it
# A child that cannot load its models waits so long before it ends, so that the pool, which replaces
# it at once, does not start thirty of them in five seconds.
PAUSE_SECONDS = 5.0
# With this a child of a worker that starts ends at once, for an artefact that must not be used.
EXIT_REFUSED = 78
STARTING = "spotter_is_starting"  # in such a child's configuration of Celery
CONNECTIONS = 8  # the drain, the keeper, the pulse, a farewell; and room


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a child is to be opened; an entry point makes it, in each process anew.

    `project`: the Google Cloud project that traces belong to, where there is one.
    """

    jobs: JobsSettings
    worker: WorkerSettings
    load: Callable[[WorkerSettings, Mapping[str, str]], Loaded]
    is_traced: bool = False
    project: str = ""


class Seat:
    """The place of a child in this process."""

    child: Child | None = None
    is_stopping = False


_seat = Seat()


def install(plan: Plan) -> None:
    """Have every process of the pool that is started from now on open a child."""
    signals.worker_process_init.connect(lambda **_: open_child(plan), weak=False)
    signals.worker_process_shutdown.connect(lambda **_: close_child(), weak=False)


def answer_doorbell(ring_id: str) -> None:
    """Drain in this process's child."""
    if _seat.child is not None:
        _seat.child.drain(ring_id, lambda: _seat.is_stopping)


def load_cascades(settings: WorkerSettings, versions: Mapping[str, str]) -> Loaded:
    """Load every pipeline of the catalogue, with `versions` in place of those that it names.

    Every check is made in every child, golden inputs included: what it works with, it has tried.

    Raises:
        ModelError: When an artefact must not be used.
    """
    from models.classifiers.cascade import Cascade  # numpy and LiteRT: in children alone

    cascades = {
        slug: Cascade.load(pipeline, settings.models_root, versions)
        for slug, pipeline in load_pipelines().items()
    }
    models = {name: v for one in cascades.values() for name, v in one.versions.items()}
    threads = settings.lone_threads
    lone = {slug: one.on_threads(threads) for slug, one in cascades.items()} if threads > 1 else {}
    return Loaded(cascades=cascades, models=models, lone=lone)


def open_child(plan: Plan) -> None:
    """Load the models in this process and begin to be seen; a process that cannot ends.

    Celery swallows exceptions here and gives such a process tasks all the same, hence the hard end.
    """
    signal.signal(STOP_SIGNAL, _request_stop)
    # Process managers may signal the whole group; only the main process decides when we stop.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    limit_memory(plan.worker.memory_mb)
    ledger = Ledger.connect(plan.jobs, max_connections=CONNECTIONS)
    try:
        rollover = Rollover(partial(plan.load, plan.worker), Versions(ledger.client))
    except Exception as error:
        _end_without_models(error)
        raise
    name = f"{socket.gethostname()}-{os.getpid()}"
    tracer = Tracer.connect("spotter-worker") if plan.is_traced else None
    _seat.child = Child(ledger, rollover, name=name, ring=ring_doorbells, tracer=tracer)
    _seat.child.start()
    logger.info("child_ready", extra={"worker": name, "models": dict(rollover.loaded.models)})


def close_child() -> None:
    """Take leave of the ledger; where the worker stops, end the process without Celery's pause."""
    if _seat.child is not None:
        _seat.child.close()
    if _seat.is_stopping:
        sys.stdout.flush()
        os._exit(0)


def ring_doorbells(names: tuple[str, ...]) -> None:
    """Ring; a bell that does not sound is only noted, since the sweepers ring again."""
    if not names:
        return
    try:
        ring(current_app, names)
    except Exception as error:  # noqa: BLE001  any broker fault; the jobs are safe in the ledger
        logger.warning("doorbell_failed", extra={"error": repr(error)})


def limit_memory(megabytes: int) -> None:
    """Make allocations over the limit fail, rather than the whole machine; 0: no limit."""
    if megabytes:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * MEGABYTE, hard))


def _request_stop(_number: int, _frame: FrameType | None) -> None:
    _seat.is_stopping = True


def _end_without_models(error: Exception) -> None:
    """Say why and end: at once where the whole worker shall not start, else after a pause."""
    fields: dict[str, object] = {"error": f"{type(error).__name__}: {error}"}
    if isinstance(error, ModelError) and current_app.conf.get(STARTING):
        logger.critical("artefacts_refused", extra=fields)
        sys.stdout.flush()
        os._exit(EXIT_REFUSED)
    logger.critical("models_not_loaded", extra=fields | {"next_try_seconds": PAUSE_SECONDS})
    until = time.monotonic() + PAUSE_SECONDS
    while time.monotonic() < until and not _seat.is_stopping:
        time.sleep(0.1)
    sys.stdout.flush()
    os._exit(1)
