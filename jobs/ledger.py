"""The job ledger in Redis: the truth about every accepted job.

Each state change is one Lua script (`lua/`), so it happens whole or not at all, on Redis's clock.
The ledger owns all keys under `PREFIX`; it refuses what would not fit (QueueFull) and says so
before anything is stored. It never reads an image and knows nothing of HTTP or Celery.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import redis

from jobs.connection import Client, connect, translated
from jobs.errors import IdempotencyConflict, LedgerUnavailable, QueueFull
from jobs.messages import (
    Batch,
    Job,
    Lease,
    Report,
    StageResult,
    Submission,
    Worker,
)
from jobs.reader import LedgerReader
from jobs.records import PREFIX, read_accepted, read_lease, write_items, write_report
from jobs.scripts import Scripts
from jobs.settings import JobsSettings

CHANGES = PREFIX + "changes"
ORPHAN_MS = 60_000  # bytes whose accept never came are gone after a minute
BULK_TURN = 8  # every eighth lease goes to bulk work first
OWNER_SHARE = 0.8  # what one owner may hold of the queue, so that others are still taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What the ledger took: a job's or a batch's id, and the doorbells that are to be rung.

    `job` is a single job as it was accepted; None for a batch and where it was here before.
    """

    id: str
    replayed: bool
    rings: tuple[str, ...] = ()
    job: Job | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """`reported`: None without a report, False where the lease was lost and the report dropped."""

    reported: bool | None
    lease: Lease | None


class Ledger(LedgerReader):
    """Accept, lease, finish, cancel and find jobs. Safe for threads; one a process will do."""

    def __init__(self, client: Client, settings: JobsSettings) -> None:
        super().__init__(client)
        self.settings = settings
        self._scripts = Scripts(client)
        self._common = (PREFIX, settings.result_seconds * 1000)

    @classmethod
    def connect(cls, settings: JobsSettings, *, max_connections: int = 32) -> Self:
        """Make a ledger; nothing is sent before the first call."""
        return cls(connect(settings.redis_url, max_connections=max_connections), settings)

    def accept(
        self,
        submissions: Sequence[Submission],
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
        batch: Batch | None = None,
        caller_waits: bool = False,
    ) -> Acceptance:
        """Store jobs of one owner with their bytes, all or none.

        Where `caller_waits`, jobs are interactive, and refused if their end would come too late.

        When this returns, the ledger has them (in strict durability: on the disk). A call that
        is repeated with the same ids, or with the same key and fingerprint, stores nothing twice.

        Raises:
            QueueFull: a limit is reached; nothing was stored.
            IdempotencyConflict: the key belongs to a request with another fingerprint.
            LedgerUnavailable: Redis did not confirm.
        """
        within_ms = _ms(self.settings.answer_seconds) * (1 if caller_waits else -1)
        arguments = self._accept_arguments(
            submissions, idempotency_key, fingerprint, batch, within_ms
        )
        with translated():
            status, target, *more = self._store(submissions, arguments)
        text = target.decode()
        match status:
            case b"accepted":
                rings = tuple(ring.decode() for ring in more[3:])
                single = submissions[0] if batch is None else None
                job = read_accepted(single, *more[:3]) if single and more[0] else None
                return Acceptance(id=text, replayed=False, rings=rings, job=job)
            case b"replayed":
                return Acceptance(id=text, replayed=True)
            case b"conflict":
                raise IdempotencyConflict(text)
            case b"full":
                raise QueueFull(text, 1 if text == "late" else self._estimate_relief())
            case _:
                raise LedgerUnavailable("the picture's bytes were gone before they were taken")

    def _store(self, submissions: Sequence[Submission], arguments: Sequence[Any]) -> list[Any]:
        """Send the bytes and the script in one transaction; once more on a stale connection."""
        for last in (False, True):
            pipe = self.client.pipeline(transaction=True)
            for submission in submissions:
                pipe.set(f"{PREFIX}blob:{submission.id}", submission.image, px=ORPHAN_MS)
            pipe.evalsha(self._scripts.digest("accept"), 0, *arguments)
            try:
                answer: list[Any] = pipe.execute()[-1]
                return answer
            except redis.exceptions.NoScriptError:
                self._scripts.load()
            except redis.TimeoutError:
                raise
            except redis.ConnectionError:
                if last:
                    raise
        raise LedgerUnavailable("the queue's Redis lost its scripts twice")

    def _accept_arguments(
        self,
        submissions: Sequence[Submission],
        idempotency_key: str | None,
        fingerprint: str,
        batch: Batch | None,
        within_ms: int,
    ) -> list[Any]:
        limits = self.settings
        head = [
            *self._common,
            idempotency_key or "",
            fingerprint,
            limits.max_waiting,
            math.ceil(limits.max_waiting * OWNER_SHARE),
            limits.max_waiting_bytes,
            limits.max_memory_share,
            limits.interactive_per_owner,
            batch.id if batch else "",
            write_items(batch) if batch else "",
            len(submissions),
            within_ms,
        ]
        for one in submissions:
            wait_ms = math.ceil((one.max_wait_seconds or 0) * 1000)
            head += [one.id, one.pipeline, one.owner, one.camera or "", int(one.bulk)]
            head += [len(one.image), one.request_id, wait_ms, one.trace]
        return head

    def _estimate_relief(self) -> int:
        """Guess in how many seconds a tenth of the queue is done: 1 to 60."""
        with translated():
            waiting, rate = self.count_waiting(), self.client.hget(f"{PREFIX}gauge", "rate")
        jobs_per_second = float(rate or 0)
        if jobs_per_second <= 0:
            return 10
        return max(1, min(60, math.ceil(waiting / 10 / jobs_per_second)))

    def advance(
        self, drainer: str, report: Report | None, *, take: bool, leave: bool = False
    ) -> Advanced:
        """Report a job's end and lease the next one with its bytes, in one round trip.

        Without work a drainer counts as idle for `linger_seconds`, or with `leave` is signed off.
        """
        mode = ("leave" if leave else "take") if take else "rest"
        with translated():
            answer = self._scripts.run("advance", *self._advance_arguments(drainer, mode, report))
        reported, *job = answer
        return Advanced(
            reported=None if reported < 0 else bool(reported),
            lease=read_lease(job) if job else None,
        )

    def await_lease(self, drainer: str, seconds: float) -> Lease | None:
        """Wait, as an idle drainer, until a new job knocks, and lease it; None after `seconds`.

        What is to be done after the wait is sent before it: somebody may be waiting for the answer,
        and that saves a round trip.
        """
        arguments = self._advance_arguments(drainer, "stay", None)
        with translated():
            pipe = self.client.pipeline(transaction=False)
            pipe.blpop([f"{PREFIX}knock"], timeout=seconds)
            pipe.evalsha(self._scripts.digest("advance"), 0, *arguments)
            _, answer = pipe.execute(raise_on_error=False)
            if isinstance(answer, redis.exceptions.NoScriptError):
                answer = self._scripts.run("advance", *arguments)
        if isinstance(answer, Exception):
            raise LedgerUnavailable(f"the queue's Redis did not do its part: {answer}") from answer
        return read_lease(answer[1:]) if len(answer) > 1 else None

    def _advance_arguments(self, drainer: str, mode: str, report: Report | None) -> list[Any]:
        return [
            *self._common,
            drainer,
            mode,
            _ms(self.settings.lease_seconds),
            _ms(self.settings.linger_seconds),
            BULK_TURN,
            *write_report(report),
        ]

    def extend(self, lease: Lease, drainer: str, progress: Sequence[StageResult] = ()) -> bool:
        """Keep a lease for another `lease_seconds`; False: it is not ours any more, stop."""
        done = json.dumps([asdict(stage) for stage in progress]) if progress else ""
        with translated():
            return bool(self._extend(lease, drainer, self.settings.lease_seconds, done, ""))

    def give_up(self, lease: Lease, drainer: str, reason: str) -> None:
        """End a lease early; the job runs again, or fails with `reason` after the last attempt."""
        with translated():
            self._extend(lease, drainer, 0, "", reason)

    def _extend(
        self, lease: Lease, drainer: str, seconds: float, progress: str, reason: str
    ) -> Any:
        return self._scripts.run(
            "extend",
            *self._common,
            lease.job_id,
            lease.token,
            _ms(seconds),
            progress,
            reason,
            self.settings.max_attempts,
            drainer,
            _ms(self.settings.keep_failed_seconds),
        )

    def cancel(self, job_id: str) -> Job | None:
        """End a job that has no end yet; the job as it is then, or None if there is none."""
        with translated():
            self._scripts.run("cancel", *self._common, job_id)
        return self.get(job_id)

    def sweep(
        self,
        worker: Worker | None = None,
        *,
        retiring: bool = False,
        memory_share: float | None = None,
    ) -> tuple[str, ...]:
        """Put right what crashes left behind; a worker child passes itself, as a sign of life.

        Returns the doorbells that the caller is to ring.
        """
        with translated():
            rings = self._scripts.run(
                "sweep",
                *self._common,
                self.settings.max_attempts,
                worker.name if worker else "",
                json.dumps(dict(worker.models)) if worker else "",
                "leaving" if retiring else "here",
                "" if memory_share is None else memory_share,
                _ms(self.settings.keep_failed_seconds),
            )
        return tuple(ring.decode() for ring in rings)

    def ping(self) -> None:
        """Prove that a job could be written now.

        Raises:
            LedgerUnavailable: Redis is away, read-only, loading or out of memory.
        """
        with translated():
            self.client.set(f"{PREFIX}ping", "1", px=60_000)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
