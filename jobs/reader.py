"""What stands in the ledger: jobs, batches, lists and counts, read and never changed."""

import json
from collections.abc import Sequence
from dataclasses import replace

import redis

from jobs.connection import Client, translated
from jobs.messages import Batch, Census, Job, JobState, Worker
from jobs.records import PREFIX, read_batch, read_job


class LedgerReader:
    """Finds and counts; every method raises LedgerUnavailable where Redis does not answer."""

    def __init__(self, client: Client) -> None:
        self.client = client

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

    def find_kept(self, job_ids: Sequence[str]) -> set[str]:
        """Tell of which failed jobs the picture is still there, so that they can be tried again."""
        if not job_ids:
            return set()
        with translated():
            pipe = self.client.pipeline(transaction=False)
            for job_id in job_ids:
                pipe.exists(f"{PREFIX}kept:{job_id}")
            answers = pipe.execute()
        return {job_id for job_id, there in zip(job_ids, answers, strict=True) if there}

    def read_kept(self, job_id: str) -> bytes | None:
        """Return the picture of a job that failed by our fault; None where it is gone."""
        with translated():
            picture: bytes | None = self.client.get(f"{PREFIX}kept:{job_id}")
        return picture

    def failed(self, *, limit: int = 50) -> list[Job]:
        """List the jobs of all owners that failed last, newest first: for who runs the system."""
        with translated():
            ids = self.client.zrevrange(f"{PREFIX}failed", 0, limit - 1)
        return [job for job in self.get_many([one.decode() for one in ids]) if job]

    def get_batch(self, batch_id: str) -> Batch | None:
        """Find a batch by its id."""
        with translated():
            return read_batch(batch_id, self.client.hgetall(f"{PREFIX}batch:{batch_id}"))

    def count_waiting(self) -> int:
        """Count the jobs of both classes that wait."""
        pipe = self.client.pipeline(transaction=False)
        pipe.zcard(f"{PREFIX}waiting:interactive").zcard(f"{PREFIX}waiting:bulk")
        return sum(pipe.execute())

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
