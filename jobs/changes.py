"""Waiting for a job: one pub/sub connection a process wakes every reader that waits in it.

A message tells the end of a job as the ledger wrote it down, so that nobody need ask. What is true
stands in the ledger: a lost message costs a reader at most `LOOK_SECONDS`, never its answer.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from jobs.errors import TooManyWaiters
from jobs.ledger import CHANGES, Ledger
from jobs.messages import Job
from jobs.records import read_change

logger = logging.getLogger(__name__)

MAX_WAITERS = 1000
LOOK_SECONDS = 5.0  # how often a waiting reader looks for itself, message or not
FOLLOW_SECONDS = 1.0  # how often one that follows a job's place in the queue looks
MOST_LOOKS_A_SECOND = 50  # of all readers together; where there are many, each looks less often
LISTEN_SECONDS = 1.0  # how long the listener blocks before it looks whether it is to stop
# After so long without a word, not even the answer to a ping, the listener's connection is dead:
# one that was cut without a farewell (a NAT, a pulled cable) would stay silent for ever.
SILENT_SECONDS = 4.0


class Watch:
    """One reader who waits: woken at a change, with the job where its end is told."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.ended: Job | None = None


class Changes:
    """Tells readers that a job has changed. The listener starts with the first reader."""

    def __init__(self, ledger: Ledger, *, max_waiters: int = MAX_WAITERS) -> None:
        self._ledger = ledger
        self._max_waiters = max_waiters
        self._watches: dict[str, set[Watch]] = {}
        self._waiters = 0
        self._lock = threading.Lock()
        self._listener: threading.Thread | None = None
        self._stop = threading.Event()

    @contextmanager
    def watch(self, job_id: str) -> Iterator[Watch]:
        """Yield what is told when the job changes; enter before you submit or look.

        Raises:
            TooManyWaiters: this process holds `max_waiters` readers already.
        """
        watch = Watch()
        with self._lock:
            if self._waiters >= self._max_waiters:
                raise TooManyWaiters("too many readers wait in this process; ask again in a moment")
            self._waiters += 1
            self._watches.setdefault(job_id, set()).add(watch)
            self._start_listener()
        try:
            yield watch
        finally:
            with self._lock:
                self._waiters -= 1
                self._watches[job_id].discard(watch)
                if not self._watches[job_id]:
                    del self._watches[job_id]

    def wait(self, job_id: str, seconds: float, watch: Watch) -> Job | None:
        """Wait until the job has its final state, at most `seconds`; return it as it is then.

        `watch` is that of `Changes.watch`, entered before the job was submitted or looked at.
        """
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            watch.event.wait(min(left, self._stretch(LOOK_SECONDS)))
            watch.event.clear()
            job = watch.ended or self._ledger.get(job_id)
            if job is None or job.state.is_final:
                return job
        return self._ledger.get(job_id)

    def follow(self, job_id: str, seconds: float) -> Iterator[Job | None]:
        """Yield the job now, at every change and about every second, until its end or `seconds`.

        Raises:
            TooManyWaiters: as `watch`.
        """
        with self.watch(job_id) as watch:
            deadline = time.monotonic() + seconds
            while True:
                job = watch.ended or self._ledger.get(job_id)
                yield job
                left = deadline - time.monotonic()
                if job is None or job.state.is_final or left <= 0:
                    return
                watch.event.wait(min(left, self._stretch(FOLLOW_SECONDS)))
                watch.event.clear()

    def _stretch(self, seconds: float) -> float:
        return max(seconds, self._waiters / MOST_LOOKS_A_SECOND)

    def close(self) -> None:
        """Stop the listener."""
        self._stop.set()

    def _start_listener(self) -> None:
        if self._listener is None:
            self._listener = threading.Thread(target=self._listen, name="changes", daemon=True)
            self._listener.start()

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                self._pass_messages()
            except Exception as error:  # noqa: BLE001  without a listener everybody waits for a look
                if not self._stop.is_set():
                    logger.warning("changes_lost", extra={"error": repr(error)})
                self._stop.wait(0.5)

    def _pass_messages(self) -> None:
        with self._ledger.client.pubsub(ignore_subscribe_messages=True) as subscription:
            subscription.subscribe(CHANGES)
            self._wake_all()  # what changed while nobody listened
            heard = time.monotonic()
            while not self._stop.is_set():
                message = subscription.get_message(timeout=LISTEN_SECONDS)
                if self._stop.is_set():
                    return  # closed meanwhile: what it makes of the silence concerns nobody
                if message is not None:
                    heard = time.monotonic()
                    if message["type"] == "message":
                        self._wake(message["data"])
                elif time.monotonic() - heard > SILENT_SECONDS:
                    raise redis.TimeoutError("the connection that tells of changes is silent")
                else:
                    # Answered like a message; redis-py drops an answer that is empty, and a ping
                    # would follow the other at full speed.
                    subscription.ping("there?")

    def _wake(self, message: bytes) -> None:
        name = message.partition(b" ")[0].decode(errors="replace")
        with self._lock:
            watches = self._watches.get(name)
            if not watches:  # most messages are for readers of other processes, or for nobody
                return
            _, ended = read_change(message)
            for watch in watches:
                watch.ended = ended
                watch.event.set()

    def _wake_all(self) -> None:
        with self._lock:
            for watches in self._watches.values():
                for watch in watches:
                    watch.event.set()
