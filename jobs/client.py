"""What a front end does with jobs: submit and ring, wait, look up, cancel, sweep."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from jobs.changes import Changes, Watch
from jobs.counters import Counters
from jobs.errors import LedgerUnavailable, QueueFull
from jobs.ledger import Acceptance, Ledger
from jobs.messages import Batch, Census, Job, Submission
from jobs.queue import make_celery, ring
from jobs.refusals import Refusals
from jobs.retry import retry
from jobs.settings import JobsSettings

logger = logging.getLogger(__name__)

Bell = Callable[[tuple[str, ...]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What was accepted. `job` is how it stood last; None for a batch and where it is not known."""

    id: str
    replayed: bool
    job: Job | None = None


class JobClient:
    """The ledger, the doorbell and the waiting readers of one process."""

    def __init__(self, ledger: Ledger, bell: Bell, changes: Changes) -> None:
        self.ledger = ledger
        self.changes = changes
        self.counters = Counters()
        self._bell = bell
        self._refusals = Refusals()
        self._stop = threading.Event()

    @classmethod
    def connect(cls, settings: JobsSettings) -> Self:
        """Make a client of a real Redis and a real Celery; nothing is sent before the first use."""
        ledger = Ledger.connect(settings)
        app = make_celery(settings.redis_url)
        return cls(ledger, lambda names: ring(app, names), Changes(ledger))

    def submit(
        self,
        submission: Submission,
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
        wait_seconds: float = 0,
    ) -> Submitted:
        """Accept one job, ring if too few drainers work, and wait for its end if asked to.

        Raises:
            QueueFull, IdempotencyConflict, LedgerUnavailable: as `Ledger.accept`.
            TooManyWaiters: nothing was accepted.
        """
        if wait_seconds <= 0:
            taken = self._accept([submission], idempotency_key, fingerprint, None)
            return Submitted(id=taken.id, replayed=taken.replayed, job=taken.job)
        with self.changes.watch(submission.id) as watch:
            taken = self._accept(
                [submission], idempotency_key, fingerprint, None, caller_waits=True
            )
            if taken.id == submission.id:
                job = self._await_own(taken, wait_seconds, watch)
                return Submitted(id=taken.id, replayed=taken.replayed, job=job)
        return Submitted(id=taken.id, replayed=True, job=self.wait(taken.id, wait_seconds))

    def _await_own(self, taken: Acceptance, seconds: float, watch: Watch) -> Job | None:
        """Wait for the end of a job just accepted; where Redis goes away, tell it as accepted.

        The job is safe by then. An error would have the caller send it again, as a second job.
        """
        try:
            return self.changes.wait(taken.id, seconds, watch)
        except LedgerUnavailable:
            if taken.job is None:
                raise
            return taken.job

    def submit_batch(
        self,
        batch: Batch,
        submissions: Sequence[Submission],
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> Submitted:
        """Accept all jobs of a batch or none; raises as `Ledger.accept`."""
        taken = self._accept(submissions, idempotency_key, fingerprint, batch)
        return Submitted(id=taken.id, replayed=taken.replayed)

    def _accept(
        self,
        submissions: Sequence[Submission],
        idempotency_key: str | None,
        fingerprint: str,
        batch: Batch | None,
        *,
        caller_waits: bool = False,
    ) -> Acceptance:
        # A frame may take another's place, and a repeated key is answered whatever waits.
        may_know = caller_waits and submissions[0].camera is None and idempotency_key is None
        if may_know:
            self._refusals.check(submissions[0].owner)
        try:
            taken = self.ledger.accept(
                submissions,
                idempotency_key=idempotency_key,
                fingerprint=fingerprint,
                batch=batch,
                caller_waits=caller_waits,
            )
        except QueueFull as refusal:
            if may_know:
                self._refusals.remember(submissions[0].owner, refusal)
            raise
        self.ring(taken.rings)
        return taken

    def ring(self, names: tuple[str, ...]) -> None:
        """Ring; a bell that does not sound is only noted: the sweepers ring again."""
        if not names:
            return
        try:
            self._bell(names)
        except Exception as error:  # noqa: BLE001  any broker fault; the job is safe in the ledger
            logger.warning("doorbell_failed", extra={"error": repr(error)})

    def get(self, job_id: str) -> Job | None:
        """Find a job."""
        return self.ledger.get(job_id)

    def wait(self, job_id: str, seconds: float) -> Job | None:
        """Find a job, and wait for its end at most `seconds`."""
        if seconds <= 0:
            return self.ledger.get(job_id)
        with self.changes.watch(job_id) as watch:
            job = self.ledger.get(job_id)
            if job is None or job.state.is_final:
                return job
            return self.changes.wait(job_id, seconds, watch)

    def follow(self, job_id: str, seconds: float) -> Iterator[Job | None]:
        """Yield the job at every change, as `Changes.follow`."""
        return self.changes.follow(job_id, seconds)

    def cancel(self, job_id: str) -> Job | None:
        """End a job that has no end yet."""
        return self.ledger.cancel(job_id)

    def retry(self, job: Job, *, request_id: str = "") -> Submitted:
        """Accept a failed job's picture as a new job; raises as `jobs.retry.retry`."""
        taken = retry(self.ledger, job, request_id=request_id)
        self.ring(taken.rings)
        return Submitted(id=taken.id, replayed=taken.replayed, job=taken.job)

    def recent(self, owner: str, *, limit: int = 20, before_ms: float | None = None) -> list[Job]:
        """List an owner's jobs, newest first."""
        return self.ledger.recent(owner, limit=limit, before_ms=before_ms)

    def get_batch(self, batch_id: str) -> Batch | None:
        """Find a batch."""
        return self.ledger.get_batch(batch_id)

    def get_many(self, job_ids: Sequence[str]) -> list[Job | None]:
        """Find several jobs."""
        return self.ledger.get_many(job_ids)

    def census(self) -> Census:
        """Tell how the system stands."""
        return self.ledger.census()

    def start_sweeper(self) -> threading.Thread:
        """Sweep every `sweep_seconds` in a thread of this process, until `close`.

        What this process counted is sent with each sweep.
        """
        thread = threading.Thread(target=self._sweep_for_ever, name="sweeper", daemon=True)
        thread.start()
        return thread

    def _sweep_for_ever(self) -> None:
        while not self._stop.wait(self.ledger.settings.sweep_seconds):
            try:
                memory = self.ledger.measure_memory()
                self.ring(self.ledger.sweep(memory_share=memory))
                self.counters.send(self.ledger.client)
            except LedgerUnavailable as error:
                logger.warning("sweep_failed", extra={"error": str(error)})

    def close(self) -> None:
        """Stop the sweeper and the listener."""
        self._stop.set()
        self.changes.close()
