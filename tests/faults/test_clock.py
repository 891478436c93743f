"""Workers' clocks are two hours off; the ledger asks Redis for the time, so nothing follows."""

from pathlib import Path

import pytest

from deploy.chaos.clocks import make_environment, set_clock
from jobs.messages import JobState
from tests.faults.conftest import MakeFleet
from tests.faults.fleet import Fleet, Sender, wait_until

HOURS = (0, 2, -2)


@pytest.fixture
def fleets(make_fleet: MakeFleet, tmp_path: Path) -> list[Fleet]:
    """Workers whose clocks are right, two hours ahead and two hours behind."""
    fleets = []
    for hours in HOURS:
        file = tmp_path / f"clock-{hours}"
        set_clock(file, hours)
        environment = make_environment(file)
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
