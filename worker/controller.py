"""The main process of a worker: runs Celery's pool and consumer, and stops them.

Differs from Celery's own in three things: it ends where its first children refuse the artefacts;
SIGTERM and SIGINT let every child end the picture in hand and stop within seconds, whatever
happens; and nothing but our log lines is printed.
"""

import logging
import os
import select
import signal
import sys
import threading
import time
import warnings
from types import FrameType
from typing import TYPE_CHECKING, Any

from billiard import active_children
from celery.apps.worker import Worker
from celery.bootsteps import StartStopStep
from celery.platforms import SecurityWarning
from celery.worker import state

from worker.pool import EXIT_REFUSED, STARTING, STOP_SIGNAL

if TYPE_CHECKING:
    from worker.health import Health

logger = logging.getLogger(__name__)

# The picture in hand may take five seconds, and platforms kill after ten.
STOP_SECONDS = 6.5
# Where no task runs, Celery has no reason to take longer than this: it cannot reach Redis.
IDLE_STOP_SECONDS = 3.0
LOOK_SECONDS = 0.05  # how often the first children are looked at while they load
# How a file ends the process that reads it.
CRASHES = frozenset(
    (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGSYS)
)


class FirstChildren(StartStopStep):
    """Stands between pool and consumer, until a child has loaded the models or has refused them."""

    requires = ("celery.worker.components:Pool",)

    def start(self, parent: "Controller") -> None:
        """Let the consumer begin, or end the worker."""
        parent.await_first_child()


class Controller(Worker):
    """Celery's worker program, as Spotter runs it."""

    def __init__(self, *, health: "Health | None" = None, **options: Any) -> None:
        """Leave out what workers tell each other, and prepare to be woken by signals."""
        self.health = health
        self._wake_reader, self._wake_writer = os.pipe()
        # These three talk between workers; ours meet in the ledger. Flower, which is sent events
        # by the option -E, knows a worker by its heartbeat.
        talk = {
            "without_gossip": True,
            "without_mingle": True,
            "without_heartbeat": not options.get("task_events"),
        }
        super().__init__(**{**options, **talk})

    def on_before_init(self, **options: Any) -> None:
        """Do without Celery's warning about root: its reason, pickled messages, is refused here."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            super().on_before_init(**options)

    def on_start(self) -> None:
        """Begin; the children that the pool starts first get a configuration that says so."""
        self.app.conf[STARTING] = True
        if self.health is not None:
            self._open_health_port(self.health)
        super().on_start()

    def await_first_child(self) -> None:
        """Wait until a child has loaded the models; end with 1 where one refuses them.

        The children check what they load, so no job can meet an artefact that is not sound. One
        that ends for another reason is the pool's business, which replaces it.
        """
        children = active_children()
        poll = select.poll()
        for child in children:
            poll.register(child.outqR_fd, select.POLLIN)  # Celery's word that it is ready
        while state.should_stop is None:
            is_ready = any(mask & select.POLLIN for _, mask in poll.poll(LOOK_SECONDS * 1000))
            codes = [code for child in children if (code := child.exitcode) is not None]
            if crashes := CRASHES.intersection(-code for code in codes):
                reason = f"{signal.Signals(min(crashes)).name} ended a child that loaded them"
                logger.critical("artefacts_refused", extra={"error": reason})
                self._end_now(1)
            if EXIT_REFUSED in codes:  # the child's line said why
                self._end_now(1)
            if is_ready or codes:
                break
        self.app.conf[STARTING] = False
        if state.should_stop is not None:  # nothing was begun that could be ended in order
            self._end_now(0)

    def _open_health_port(self, health: "Health") -> None:
        try:
            health.start()
        except OSError as error:
            logger.critical("health_port_taken", extra={"port": health.port, "error": str(error)})
            raise SystemExit(1) from error

    def emit_banner(self) -> None:
        """Print nothing: the log says what there is to say."""

    def install_platform_tweaks(self, worker: "Controller") -> None:  # noqa: ARG002  Celery's name
        """Listen for the signals that end us, and for no other."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop_soon)
        signal.signal(signal.SIGQUIT, lambda *_: self._end_now(1))
        os.set_blocking(self._wake_writer, False)
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)

    def on_consumer_ready(self, consumer: Any) -> None:
        """Let a signal wake Celery's loop, which looks at its wish to stop once a second."""
        super().on_consumer_ready(consumer)
        consumer.hub.add_reader(self._wake_reader, os.read, self._wake_reader, 64)
        logger.info("worker_ready", extra={"children": self.concurrency})

    def _stop_soon(self, number: int, _frame: FrameType | None) -> None:
        """Tell the children to end with the picture in hand, and Celery to end with them."""
        if state.should_stop is not None:
            return
        logger.info("worker_stopping", extra={"signal": signal.Signals(number).name})
        for child in active_children():
            os.kill(child.pid, STOP_SIGNAL)
        state.should_stop = 0
        threading.Thread(target=self._limit_stop, daemon=True).start()

    def _limit_stop(self) -> None:
        time.sleep(IDLE_STOP_SECONDS)
        if state.active_requests:
            time.sleep(STOP_SECONDS - IDLE_STOP_SECONDS)
        logger.warning("worker_ended_by_force")
        self._end_now(0)

    def _end_now(self, code: int) -> None:
        """End without waiting; children die with us, and what they had leased runs out."""
        for child in active_children():
            os.kill(child.pid, signal.SIGKILL)
        sys.stdout.flush()
        os._exit(code)
