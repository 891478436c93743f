"""Workers' clocks are two hours off; the ledger asks Redis for the time, so nothing follows."""

import pytest

from jobs.messages import JobState
from tests.conftest import ROOT
from tests.faults.conftest import MakeFleet
from tests.faults.fleet import Fleet, Sender, wait_until

HOURS = (0, 2, -2)


@pytest.fixture
def fleets(make_fleet: MakeFleet) -> list[Fleet]:
    """Workers whose clocks are right, two hours ahead and two hours behind."""
    fleets = []
    for hours in HOURS:
        environment = {
            "PYTHONPATH": str(ROOT / "tests/faults/clock"),
            "CLOCK_IS_WRONG_BY_SECONDS": str(hours * 3600),
        }
        fleets.append(make_fleet(children=1, environment=environment).start(wait=False))
    for fleet in fleets:
        wait_until(lambda one=fleet: one.find_events("child_ready"), "a child ready")
    return fleets


@pytest.mark.timeout(240)
def test_wrong_clocks_steal_no_job_and_change_no_result(
    fleets: list[Fleet], sender: Sender
) -> None:
    told = [fleet.find_events("child_ready")[0]["time"][:13] for fleet in fleets]
    sender.keep_sending("slow 0.05")
    wait_until(lambda: all(one.find_events("job_succeeded") for one in fleets), "work of all")
    held = sender.submit("slow 3")  # longer than Celery and the ledger look for lost work
    sender.stop_sending()
    first = sender.await_job(held)
    jobs = sender.await_end()
    assert len(set(told)) == len(HOURS), "these clocks are not wrong, so the test proves nothing"
    assert {(job.state, job.attempts) for job in jobs} == {(JobState.SUCCEEDED, 1)}
    assert sender.ledger.get(held) == first
