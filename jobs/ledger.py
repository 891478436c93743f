"""The job ledger in Redis: the truth about every accepted job.

Each state change is one Lua script (`lua/`), so it happens whole or not at all, on Redis's clock.
The ledger owns all keys under `PREFIX`; it refuses what would not fit (QueueFull) and says so
before anything is stored. It never reads an image and knows nothing of HTTP or Celery.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import redis

from jobs.connection import Client, connect, translated
from jobs.errors import IdempotencyConflict, LedgerUnavailable, QueueFull
from jobs.messages import (
    Batch,
    Census,
    Job,
    JobClass,
    JobState,
    Lease,
    Report,
    StageResult,
    Submission,
    Worker,
)
from jobs.records import read_batch, read_job, write_items
from jobs.scripts import Scripts
from jobs.settings import JobsSettings

PREFIX = "spotter:"
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


class Ledger:
    """Accept, lease, finish, cancel and find jobs. Safe for threads; one a process will do."""

    def __init__(self, client: Client, settings: JobsSettings) -> None:
        self.client = client
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
    ) -> Acceptance:
        """Store jobs of one owner with their bytes, all or none.

        When this returns, the ledger has them (in strict durability: on the disk). A call that
        is repeated with the same ids, or with the same key and fingerprint, stores nothing twice.

        Raises:
            QueueFull: a limit is reached; nothing was stored.
            IdempotencyConflict: the key belongs to a request with another fingerprint.
            LedgerUnavailable: Redis did not confirm.
        """
        arguments = self._accept_arguments(submissions, idempotency_key, fingerprint, batch)
        with translated():
            status, target, *more = self._store(submissions, arguments)
        text = target.decode()
        match status:
            case b"accepted":
                rings = tuple(ring.decode() for ring in more[3:])
                single = submissions[0] if batch is None else None
                job = _read_accepted(single, *more[:3]) if single and more[0] else None
                return Acceptance(id=text, replayed=False, rings=rings, job=job)
            case b"replayed":
                return Acceptance(id=text, replayed=True)
            case b"conflict":
                raise IdempotencyConflict(text)
            case b"full":
                raise QueueFull(text, self._estimate_relief())
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
        ]
        for one in submissions:
            wait_ms = math.ceil((one.max_wait_seconds or 0) * 1000)
            head += [one.id, one.pipeline, one.owner, one.camera or "", int(one.bulk)]
            head += [len(one.image), one.request_id, wait_ms]
        return head

    def _estimate_relief(self) -> int:
        """Guess in how many seconds a tenth of the queue is done: 1 to 60."""
        with translated():
            waiting, rate = self._count_waiting(), self.client.hget(f"{PREFIX}gauge", "rate")
        jobs_per_second = float(rate or 0)
        if jobs_per_second <= 0:
            return 10
        return max(1, min(60, math.ceil(waiting / 10 / jobs_per_second)))

    def _count_waiting(self) -> int:
        pipe = self.client.pipeline(transaction=False)
        pipe.zcard(f"{PREFIX}waiting:interactive").zcard(f"{PREFIX}waiting:bulk")
        return sum(pipe.execute())

    def advance(
        self, drainer: str, report: Report | None, *, take: bool, leave: bool = False
    ) -> Advanced:
        """Report a job's end and lease the next one with its bytes, in one round trip.

        Without work a drainer counts as idle for `linger_seconds`, or with `leave` is signed off.
        """
        mode = ("leave" if leave else "take") if take else "rest"
        with translated():
            reported, *job = self._scripts.run(
                "advance",
                *self._common,
                drainer,
                mode,
                _ms(self.settings.lease_seconds),
                _ms(self.settings.linger_seconds),
                BULK_TURN,
                *_report_arguments(report),
            )
        lease = None
        if job:
            job_id, token, pipeline, request_id, image = job
            lease = Lease(
                job_id=job_id.decode(),
                token=token,
                pipeline=pipeline.decode(),
                image=image,
                request_id=request_id.decode(),
            )
        return Advanced(reported=None if reported < 0 else bool(reported), lease=lease)

    def await_knock(self, seconds: float) -> bool:
        """Wait, as an idle drainer, until a new job knocks; False after `seconds` of silence."""
        with translated():
            return self.client.blpop([f"{PREFIX}knock"], timeout=seconds) is not None

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
            )
        return tuple(ring.decode() for ring in rings)

    def get(self, job_id: str) -> Job | None:
        """Find a job; `position` is set while it waits."""
        with translated():
            job = read_job(job_id, self.client.hgetall(f"{PREFIX}job:{job_id}"))
            if job and job.state is JobState.QUEUED:
                return replace(job, position=self._find_position(job))
        return job

    def _find_position(self, job: Job) -> int | None:
        """Count the jobs that stand before this one; bulk stands behind all interactive ones."""
        pipe = self.client.pipeline(transaction=False)
        pipe.zrank(f"{PREFIX}waiting:{job.job_class}", job.id)
        pipe.zcard(f"{PREFIX}waiting:interactive")
        rank, interactive = pipe.execute()
        if rank is None:
            return None
        return int(rank) + 1 + (int(interactive) if job.job_class == "bulk" else 0)

    def get_many(self, job_ids: Sequence[str]) -> list[Job | None]:
        """Find several jobs in one round trip, without their positions."""
        if not job_ids:
            return []
        with translated():
            pipe = self.client.pipeline(transaction=False)
            for job_id in job_ids:
                pipe.hgetall(f"{PREFIX}job:{job_id}")
            records = pipe.execute()
        return [read_job(job_id, record) for job_id, record in zip(job_ids, records, strict=True)]

    def recent(self, owner: str, *, limit: int = 20, before_ms: float | None = None) -> list[Job]:
        """List an owner's jobs, newest first, from before a time; forgets those that are gone."""
        name = f"{PREFIX}recent:{owner}"
        found: list[Job] = []
        bound = "+inf" if before_ms is None else f"({before_ms!r}"
        while len(found) < limit:
            with translated():
                page = self.client.zrevrangebyscore(
                    name, bound, "-inf", start=0, num=limit - len(found), withscores=True
                )
            jobs = self.get_many([member.decode() for member, _ in page])
            found += [job for job in jobs if job]
            gone = [member for (member, _), job in zip(page, jobs, strict=True) if not job]
            if gone:
                with translated():
                    self.client.zrem(name, *gone)
            if len(page) == 0:
                break
            bound = f"({page[-1][1]!r}"
        return found

    def failed(self, *, limit: int = 50) -> list[Job]:
        """List the jobs of all owners that failed last, newest first: for who runs the system."""
        with translated():
            ids = self.client.zrevrange(f"{PREFIX}failed", 0, limit - 1)
        return [job for job in self.get_many([one.decode() for one in ids]) if job]

    def get_batch(self, batch_id: str) -> Batch | None:
        """Find a batch by its id."""
        with translated():
            return read_batch(batch_id, self.client.hgetall(f"{PREFIX}batch:{batch_id}"))

    def ping(self) -> None:
        """Prove that a job could be written now.

        Raises:
            LedgerUnavailable: Redis is away, read-only, loading or out of memory.
        """
        with translated():
            self.client.set(f"{PREFIX}ping", "1", px=60_000)

    def census(self) -> Census:
        """Count what waits and runs, and name the workers that were seen a moment ago."""
        with translated():
            pipe = self.client.pipeline(transaction=False)
            pipe.zcard(f"{PREFIX}waiting:interactive").zcard(f"{PREFIX}waiting:bulk")
            pipe.zcard(f"{PREFIX}running").hgetall(f"{PREFIX}workers:models")
            pipe.zrange(f"{PREFIX}workers", 0, -1, withscores=True)
            pipe.time().hgetall(f"{PREFIX}stats")
            interactive, bulk, running, models, seen, clock, stats = pipe.execute()
        now_ms = clock[0] * 1000 + clock[1] / 1000
        workers = tuple(
            Worker(name=name.decode(), models=json.loads(models.get(name, b"{}")))
            for name, until_ms in seen
            if until_ms > now_ms
        )
        return Census(
            waiting_interactive=interactive,
            waiting_bulk=bulk,
            running=running,
            workers=workers,
            durability=self._read_durability(),
            counters={name.decode(): int(value) for name, value in stats.items()},
        )

    def _read_durability(self) -> str:
        """Tell `strict`, `everysec`, `fast`, `none`, or `unknown` where the server won't say."""
        try:
            answer = self.client.config_get("append*")
        except redis.RedisError:
            return "unknown"
        if answer.get("appendonly") == "no":
            return "none"
        kinds = {"always": "strict", "everysec": "everysec", "no": "fast"}
        return kinds.get(answer.get("appendfsync", ""), "unknown")

    def measure_memory(self) -> float | None:
        """Return the share of its memory limit that the server uses, or None without a limit."""
        with translated():
            memory = self.client.info("memory")
        limit = int(memory.get("maxmemory", 0))
        return int(memory["used_memory"]) / limit if limit else None


def _read_accepted(
    submission: Submission, job_class: bytes, position: int, submitted_ms: bytes
) -> Job:
    """Return a job as it stands right after it was accepted."""
    return Job(
        id=submission.id,
        pipeline=submission.pipeline,
        state=JobState.QUEUED,
        owner=submission.owner,
        job_class=JobClass(job_class.decode()),
        attempts=0,
        submitted_ms=float(submitted_ms),
        camera=submission.camera,
        position=position,
        request_id=submission.request_id,
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _report_arguments(report: Report | None) -> list[Any]:
    """Flatten a report into job id, token, final state and the hash's further fields."""
    if report is None:
        return ["", 0, ""]
    fields: list[Any] = []
    if report.decoding_milliseconds is not None:
        fields += ["decoding", report.decoding_milliseconds]
    if report.outcome is not None:
        fields += ["outcome", report.outcome.to_json()]
        return [report.job_id, report.token, JobState.SUCCEEDED.value, *fields]
    if report.failure is None:
        raise ValueError("a report needs an outcome or a failure")
    fields += ["error_code", report.failure.code, "error_message", report.failure.message]
    return [report.job_id, report.token, JobState.FAILED.value, *fields]
