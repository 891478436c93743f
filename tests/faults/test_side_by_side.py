"""Old and new workers at the same time, as in every rolling release."""

import signal

import pytest

from jobs.messages import JobState
from tests.faults.conftest import MakeFleet
from tests.faults.fleet import Fleet, Sender, wait_until

APP = "tests.faults.digest_app"


def list_done(fleet: Fleet) -> set[str]:
    return {event["job_id"] for event in fleet.find_events("job_succeeded")}


@pytest.mark.timeout(240)
def test_each_result_names_the_version_that_made_it(make_fleet: MakeFleet, sender: Sender) -> None:
    old = make_fleet(module=APP, children=1, environment={"DIGEST_VERSION": "old"}).start()
    sender.keep_sending("a picture", "another")
    new = make_fleet(module=APP, children=1, environment={"DIGEST_VERSION": "new"}).start()
    wait_until(lambda: len(list_done(new)) >= 50 and len(list_done(old)) >= 50, "work of both")
    old.stop(signal.SIGTERM)
    wanted = len(sender.accepted) + 50
    wait_until(lambda: len(sender.accepted) >= wanted, "50 jobs after the change")
    sender.stop_sending()
    jobs = sender.await_end()
    assert {job.state for job in jobs} == {JobState.SUCCEEDED}
    told = {job.id: job.outcome.stages[0].version for job in jobs}
    done = dict.fromkeys(list_done(old), "old") | dict.fromkeys(list_done(new), "new")
    assert told == done
    assert len(list_done(old) & list_done(new)) == 0
