"""A worker that is told to stop ends the picture in hand, and nothing else."""

import signal

import pytest

from jobs.messages import JobState
from tests.faults.conftest import MakeFleet
from tests.faults.fleet import QUICK, Sender, wait_until

pytestmark = pytest.mark.timeout(240)  # each starts workers several times


def test_stopping_under_load_wastes_no_attempt(make_fleet: MakeFleet) -> None:
    fleet = make_fleet().start()
    sender = Sender(fleet.url)
    sender.start_sweeper()
    sender.keep_sending("slow 0.05")
    seconds = []
    for _ in range(2):
        wanted = len(sender.accepted) + 20
        wait_until(lambda n=wanted: len(sender.accepted) >= n, "20 more jobs")
        seconds.append(fleet.stop())
        fleet.start()
    sender.stop()
    jobs = sender.await_end()
    assert ({(job.state, job.attempts) for job in jobs}, max(seconds) < 8) == (
        {(JobState.SUCCEEDED, 1)},
        True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_stops_with_status_0(make_fleet: MakeFleet, number: int) -> None:
    fleet = make_fleet().start()
    seconds = fleet.stop(number)
    assert (fleet.process.returncode, seconds < 8) == (0, True)


def test_a_signal_to_the_whole_group_lets_the_picture_in_hand_end(make_fleet: MakeFleet) -> None:
    fleet = make_fleet().start()
    sender = Sender(fleet.url)
    job_id = sender.submit("slow 1.0")
    sender.await_state(job_id, JobState.RUNNING)
    fleet.signal_group(signal.SIGTERM)
    fleet.process.wait(timeout=20)
    job = sender.ledger.get(job_id)
    assert (job.state, job.attempts) == (JobState.SUCCEEDED, 1)


def test_a_picture_that_hangs_does_not_hold_up_the_stop(make_fleet: MakeFleet) -> None:
    fleet = make_fleet().start()
    sender = Sender(fleet.url)
    job_id = sender.submit("hang")
    sender.await_state(job_id, JobState.RUNNING)
    seconds = fleet.stop()
    assert (seconds < 8, sender.ledger.get(job_id).state) == (True, JobState.QUEUED)


def test_a_frozen_child_does_not_hold_up_the_stop(make_fleet: MakeFleet) -> None:
    fleet = make_fleet().start()
    fleet.find_children()[0].suspend()
    assert fleet.stop() < 8


def test_stopped_children_are_no_workers_any_more(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(settings=QUICK).start()
    fleet.stop()
    assert Sender(fleet.url).ledger.census().workers == ()


def test_a_worker_stops_although_its_queue_server_is_gone(make_fleet, own_queue_server) -> None:
    fleet = make_fleet().start()
    own_queue_server.kill()
    seconds = fleet.stop()
    own_queue_server.start()
    assert seconds < 8
