"""Ten thousand jobs at once: all are done, the depth is told right, and no storm of messages."""

import pytest

from jobs.ledger import Ledger
from jobs.messages import JobState
from jobs.settings import JobsSettings
from tests.conftest import QueueServer
from tests.faults.conftest import MakeFleet
from tests.faults.fleet import wait_until
from tests.jobs.factories import make_batch

JOBS = 10_000
BATCH = 100


@pytest.mark.timeout(240)
def test_a_burst_of_ten_thousand_is_done_with_few_messages(
    make_fleet: MakeFleet, own_queue_server: QueueServer
) -> None:
    ledger = Ledger.connect(
        JobsSettings(redis_url=own_queue_server.url, max_waiting=2 * JOBS, max_attempts=3)
    )
    ids = []
    for number in range(JOBS // BATCH):
        batch, submissions = make_batch(BATCH, f"owner-{number % 7}", image=b"ok")
        ledger.accept(submissions, batch=batch)
        ids += [one.id for one in submissions]
    depth = ledger.census().waiting_bulk
    make_fleet().start()
    wait_until(lambda: ledger.census().waiting_bulk + ledger.census().running == 0, "an end", 200)
    states = [job.state for job in ledger.get_many(ids)]
    doorbells = ledger.census().counters["doorbells"]
    leases = ledger.census().counters["leases"]
    assert depth == JOBS
    assert states == [JobState.SUCCEEDED] * JOBS
    assert (leases, doorbells <= JOBS * 0.05) == (JOBS, True)
