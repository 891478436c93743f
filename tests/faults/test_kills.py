"""Workers are killed and frozen; every accepted job has one end, and nothing is lost."""

import signal
import time

import pytest

from jobs.messages import Job, JobState
from tests.conftest import QueueServer
from tests.faults.conftest import MakeFleet
from tests.faults.fleet import Fleet, Sender, wait_until

pytestmark = pytest.mark.timeout(240)  # each starts workers several times


def count_unfinished(jobs: list[Job]) -> int:
    return sum(job.state is not JobState.SUCCEEDED for job in jobs)


def start_sender(fleet: Fleet) -> Sender:
    sender = Sender(fleet.url)
    sender.start_sweeper()
    return sender


def test_a_killed_child_loses_no_job(make_fleet: MakeFleet) -> None:
    fleet = make_fleet().start()
    sender = start_sender(fleet)
    sender.keep_sending("slow 0.05")
    for _ in range(2):
        wanted = len(sender.accepted) + 20
        wait_until(lambda n=wanted: len(sender.accepted) >= n, "20 more jobs")
        fleet.find_children()[0].kill()
        wait_until(lambda: len(fleet.find_children()) == 2, "the child's replacement")
    sender.stop()
    assert count_unfinished(sender.await_end()) == 0


def test_a_killed_worker_loses_no_job(make_fleet: MakeFleet) -> None:
    fleet = make_fleet().start()
    sender = start_sender(fleet)
    sender.keep_sending("slow 0.05")
    for _ in range(2):
        wanted = len(sender.accepted) + 20
        wait_until(lambda n=wanted: len(sender.accepted) >= n, "20 more jobs")
        fleet.kill()
        fleet.start()
    sender.stop()
    assert count_unfinished(sender.await_end()) == 0


def test_a_worker_that_was_frozen_and_then_killed_loses_no_job(make_fleet: MakeFleet) -> None:
    """A message that a frozen consumer popped dies with it: Celery alone would lose these jobs."""
    fleet = make_fleet().start()
    sender = start_sender(fleet)
    fleet.signal_group(signal.SIGSTOP)
    for _ in range(5):
        sender.submit("ok")
    fleet.kill()
    fleet.start()
    assert count_unfinished(sender.await_end()) == 0
    sender.stop()


def test_a_child_that_wakes_after_its_lease_changes_no_result(make_fleet: MakeFleet) -> None:
    # The time that it sleeps must not count as a slow picture, for which it would end itself.
    settings = {"lease_seconds": 1.5, "heartbeat_seconds": 0.4, "picture_seconds": 100}
    fleet = make_fleet(settings=settings).start()
    sender = start_sender(fleet)
    job_id = sender.submit("slow 2")
    sender.await_state(job_id, JobState.RUNNING)
    for child in fleet.find_children():
        child.suspend()
    time.sleep(2.0)  # the lease must run out while its holder sleeps
    other = make_fleet(children=1).start()
    first = sender.await_job(job_id)
    for child in fleet.find_children():
        child.resume()
    wait_until(lambda: fleet.find_events("lease_lost"), "the late child's notice")
    sender.stop()
    assert (other.find_events("job_succeeded") != [], sender.ledger.get(job_id)) == (True, first)


def test_a_restarted_queue_server_loses_no_job(
    make_fleet: MakeFleet, own_queue_server: QueueServer
) -> None:
    fleet = make_fleet().start()
    sender = start_sender(fleet)
    sender.keep_sending("slow 0.05")
    for _ in range(2):
        wanted = len(sender.accepted) + 20
        wait_until(lambda n=wanted: len(sender.accepted) >= n, "20 more jobs")
        own_queue_server.kill()
        own_queue_server.start()
    sender.stop()
    assert count_unfinished(sender.await_end()) == 0
