"""Whatever happens in whatever order: every job has one end, and the books are right."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from jobs.ledger import Ledger
from jobs.messages import Lease, Worker
from jobs.records import PREFIX
from jobs.settings import JobsSettings
from tests.conftest import QueueServer
from tests.jobs.factories import finish, make_batch, make_submission

OWNERS = st.sampled_from(["a", "b", "c"])
PICK = st.integers(min_value=0, max_value=10_000)


class LedgerMachine(RuleBasedStateMachine):
    """Random submits, leases, ends, crashes and sweeps against one real ledger."""

    server: QueueServer

    def __init__(self) -> None:
        super().__init__()
        self.server.ask("FLUSHALL")
        self.ledger = Ledger.connect(JobsSettings(redis_url=self.server.url, lease_seconds=60))
        self.ids: list[str] = []
        self.leases: list[Lease] = []
        self.ends: dict[str, Any] = {}

    @rule(owner=OWNERS, camera=st.sampled_from([None, "gate"]), size=st.integers(1, 50))
    def submit(self, owner: str, camera: str | None, size: int) -> None:
        one = make_submission(owner=owner, camera=camera, image=b"x" * size)
        self.ids.append(self.ledger.accept([one]).id)

    @rule(owner=OWNERS, count=st.integers(1, 4))
    def submit_batch(self, owner: str, count: int) -> None:
        batch, submissions = make_batch(count, owner)
        self.ledger.accept(submissions, batch=batch)
        self.ids += [one.id for one in submissions]

    @rule()
    def lease(self) -> None:
        lease = self.ledger.advance("drainer", None, take=True).lease
        if lease:
            self.leases.append(lease)

    @rule(pick=PICK)
    def finish(self, pick: int) -> None:
        if self.leases:
            finish(self.ledger, self.leases[pick % len(self.leases)], text=f"answer {pick}")

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        if self.ids:
            self.ledger.cancel(self.ids[pick % len(self.ids)])

    @rule(pick=PICK)
    def give_up(self, pick: int) -> None:
        if self.leases:
            self.ledger.give_up(self.leases[pick % len(self.leases)], "drainer", "picture_too_slow")

    @rule(pick=PICK)
    def crash(self, pick: int) -> None:
        running = self.ledger.client.zrange(f"{PREFIX}running", 0, -1)
        if running:
            self.ledger.client.zadd(f"{PREFIX}running", {running[pick % len(running)]: 1})
            self.ledger.sweep(Worker(name="w", models={}))

    @invariant()
    def an_end_never_changes(self) -> None:
        for job in self.ledger.get_many(self.ids):
            assert job is not None
            if job.id in self.ends:
                assert self.ends[job.id] == job
            elif job.state.is_final:
                self.ends[job.id] = job

    @invariant()
    def the_books_are_right(self) -> None:
        client = self.ledger.client
        jobs = [job for job in self.ledger.get_many(self.ids) if job]
        open_ids = {job.id.encode() for job in jobs if not job.state.is_final}
        queued = [*client.zrange(f"{PREFIX}waiting:interactive", 0, -1)]
        queued += client.zrange(f"{PREFIX}waiting:bulk", 0, -1)
        running = client.zrange(f"{PREFIX}running", 0, -1)
        assert len(queued) + len(running) == len(open_ids)
        assert {*queued, *running} == open_ids
        blobs = {one.rsplit(b":", 1)[1] for one in client.scan_iter(f"{PREFIX}blob:*", count=1000)}
        assert blobs == open_ids
        held = sum(client.strlen(f"{PREFIX}blob:{one.decode()}") for one in open_ids)
        assert int(client.hget(f"{PREFIX}gauge", "bytes") or 0) == held
        owned = client.hgetall(f"{PREFIX}owners:open")
        assert sum(int(count) for count in owned.values()) == len(open_ids)


@pytest.mark.timeout(300)
def test_random_histories_keep_the_books_right(queue_server: QueueServer) -> None:
    LedgerMachine.server = queue_server
    machine = LedgerMachine.TestCase
    machine.settings = settings(
        max_examples=40,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    machine().runTest()
