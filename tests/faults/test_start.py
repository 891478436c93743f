"""Children that cannot load their models neither take work nor wear the machine out."""

import time

import pytest

from jobs.messages import JobState
from tests.faults.conftest import MakeFleet
from tests.faults.fleet import Fleet, Sender, wait_until


@pytest.fixture
def hapless(make_fleet: MakeFleet) -> Fleet:
    fleet = make_fleet(environment={"POISON_LOAD": "1"}).start(wait=False)
    wait_until(lambda: len(fleet.find_events("models_not_loaded")) >= 2, "two failed children")
    return fleet


def test_they_are_replaced_at_leisure(hapless: Fleet) -> None:
    before = len(hapless.find_events("models_not_loaded"))
    time.sleep(3)  # a storm would have brought a dozen by now
    assert len(hapless.find_events("models_not_loaded")) - before <= 2


def test_their_job_waits_for_better_ones(hapless: Fleet) -> None:
    sender = Sender(hapless.url)
    job_id = sender.submit("ok")
    assert (sender.ledger.get(job_id).state, sender.ledger.census().workers) == (
        JobState.QUEUED,
        (),
    )


def test_they_do_not_hold_up_the_stop(hapless: Fleet) -> None:
    assert hapless.stop() < 8
