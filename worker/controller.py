"""The main process of a worker: checks the artefacts, runs Celery's consumer and pool, stops them.

Differs from Celery's own in three things: no pool before the artefacts are found sound; SIGTERM
and SIGINT let every child end the picture in hand and stop within seconds, whatever happens; and
nothing but our log lines is printed.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Sequence
from types import FrameType
from typing import Any

from billiard import active_children
from celery.apps.worker import Worker
from celery.platforms import SecurityWarning
from celery.worker import state

from worker.health import Health
from worker.pool import STOP_SIGNAL

logger = logging.getLogger(__name__)

# The picture in hand may take five seconds, and platforms kill after ten.
STOP_SECONDS = 6.5
# Where no task runs, Celery has no reason to take longer than this: it cannot reach Redis.
IDLE_STOP_SECONDS = 3.0


class Controller(Worker):
    """Celery's worker program, as Spotter runs it."""

    # Set by the application that this class is bound to.
    check_command: Sequence[str] = ()
    health: Health | None = None

    def __init__(self, **options: Any) -> None:
        """Start the check of the artefacts beside the rest of the start."""
        self._check = subprocess.Popen(self.check_command, stderr=subprocess.PIPE, text=True)
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
        """Go on to start the pool only if the artefacts are sound.

        Raises:
            SystemExit: When they are not; the log says which file and why.
        """
        _, text = self._check.communicate()
        if self._check.returncode:
            reason = text.strip() or f"the check ended with {self._check.returncode}"
            logger.critical("artefacts_refused", extra={"error": reason.splitlines()[-1]})
            raise SystemExit(1)
        if self.health is not None:
            self._open_health_port(self.health)
        super().on_start()

    def _open_health_port(self, health: Health) -> None:
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
        self._end_now(0)

    def _end_now(self, code: int) -> None:
        """End without waiting; children die with us, and what they had leased runs out."""
        logger.warning("worker_ended_by_force")
        for child in active_children():
            os.kill(child.pid, signal.SIGKILL)
        sys.stdout.flush()
        os._exit(code)
