"""The guard of the picture in hand: keeps its lease alive, and ends a process that is too slow.

Three watches, each for what the one before it cannot see:
- the keeper extends the lease, over the network;
- the watcher looks only at the clock: a picture over `picture_seconds` is given up and the process
  ended, since a decoder in C hears no signal and cannot be broken off in any other way;
- the switch (a timer of the C library's threads, needing no Python) ends a process in which no
  Python thread could run at all, as when a library hangs while it holds the interpreter's lock.
"""

import faulthandler
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from jobs.errors import LedgerUnavailable
from jobs.ledger import Ledger
from jobs.messages import Lease, StageResult

logger = logging.getLogger(__name__)

EXIT_GIVEN_UP = 75  # any code but 0: the pool replaces the child
SWITCH_EXTRA_SECONDS = 3.0
FAREWELL_SECONDS = 1.0  # how long a dying child tries to tell the ledger
# A stage that ends this long after the picture was begun is told at once; people may be watching.
# Faster ones are over before anybody could look.
TELLING_SECONDS = 0.25


class LeaseLost(Exception):
    """The job in hand is not ours any more: it was cancelled, or its lease ran out."""


class Hold:
    """A lease while its picture is worked on."""

    def __init__(self, lease: Lease, drainer: str, ledger: Ledger) -> None:
        self.lease = lease
        self.drainer = drainer
        self.began = self.extended = monotonic()
        self.is_lost = False
        self._ledger = ledger
        self._stages: tuple[StageResult, ...] = ()

    def note(self, stage: StageResult) -> None:
        """Remember a stage that ended, for those who watch the job.

        Raises:
            LeaseLost: When there is no point in going on.
        """
        self._stages += (stage,)
        if not self.is_lost and monotonic() - self.began > TELLING_SECONDS:
            self.extend()
        if self.is_lost:
            raise LeaseLost

    def extend(self) -> None:
        """Ask the ledger for more time; a Redis that is away for a moment changes nothing."""
        self.extended = monotonic()
        try:
            self.is_lost = not self._ledger.extend(self.lease, self.drainer, self._stages)
        except LedgerUnavailable as error:
            _warn("extending_failed", self.lease, error=str(error))


class Guard:
    """Guards one picture at a time for one child process."""

    def __init__(self, ledger: Ledger, end_process: Callable[[int], Any] = os._exit) -> None:
        self._ledger = ledger
        self._end_process = end_process
        self._hold: Hold | None = None
        self._closed = threading.Event()
        settings = ledger.settings
        self._tick = min(0.25, settings.picture_seconds / 10, settings.heartbeat_seconds / 4)
        # Without a picture in hand there is less to look after: half of what a worker that waits
        # used to cost were these wake-ups. A picture that begins meanwhile is still seen in time.
        self._idle_tick = 3 * self._tick

    @contextmanager
    def holding(self, lease: Lease, drainer: str) -> Iterator[Hold]:
        """Guard a lease while the block runs."""
        hold = self._hold = Hold(lease, drainer, self._ledger)
        try:
            yield hold
        finally:
            self._hold = None

    def start(self) -> None:
        """Start watching; the threads end with the process or with `close`."""
        self._arm_switch()
        for watch in (self._keep, self._watch):
            threading.Thread(target=watch, name=watch.__name__.strip("_"), daemon=True).start()

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()

    def give_up(self, lease: Lease, drainer: str, reason: str) -> None:
        """Hand a lease back with its reason; the ledger decides whether to try again."""
        _warn("job_given_up", lease, code=reason)
        try:
            self._ledger.give_up(lease, drainer, reason)
        except LedgerUnavailable as error:
            _warn("giving_up_failed", lease, error=str(error))

    def end_process(self, hold: Hold, reason: str) -> None:
        """Give the picture up and end this process, whether or not Redis can hear it."""
        arguments = (hold.lease, hold.drainer, reason)
        try:
            farewell = threading.Thread(target=self.give_up, args=arguments, daemon=True)
            farewell.start()
            farewell.join(FAREWELL_SECONDS)
        finally:  # a thread may not start where memory has run out
            self._end_process(EXIT_GIVEN_UP)

    def _keep(self) -> None:
        interval = self._ledger.settings.heartbeat_seconds - self._tick / 2
        while not self._closed.wait(self._choose_tick()):
            hold = self._hold
            if hold and not hold.is_lost and monotonic() - hold.extended >= interval:
                hold.extend()

    def _watch(self) -> None:
        limit = self._ledger.settings.picture_seconds
        armed = monotonic()
        while not self._closed.wait(self._choose_tick()):
            now = monotonic()
            if now - armed > 1.0:
                self._arm_switch()
                armed = now
            hold = self._hold
            if hold and now - hold.began >= limit:
                self.end_process(hold, "picture_too_slow")
                return
        faulthandler.cancel_dump_traceback_later()

    def _choose_tick(self) -> float:
        return self._tick if self._hold else self._idle_tick

    def _arm_switch(self) -> None:
        """Let the process end itself unless Python gets here again in time."""
        seconds = self._ledger.settings.picture_seconds + SWITCH_EXTRA_SECONDS
        faulthandler.dump_traceback_later(seconds, exit=True)


def describe_lease(lease: Lease) -> dict[str, object]:
    """Name a lease in a line of the log."""
    fields = {"job_id": lease.job_id, "request_id": lease.request_id, "attempt": lease.token}
    return {**fields, "trace": lease.trace} if lease.trace else fields


def _warn(event: str, lease: Lease, **fields: object) -> None:
    logger.warning(event, extra=describe_lease(lease) | fields)
