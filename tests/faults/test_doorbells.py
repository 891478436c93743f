"""Celery's list holds doorbells alone: doubled, lost or beside rubbish, the jobs get done."""

import pytest

from jobs.messages import JobState
from jobs.queue import QUEUE, make_celery, ring
from jobs.records import PREFIX
from tests.conftest import QueueServer
from tests.faults.conftest import MakeFleet
from tests.faults.fleet import Fleet, Sender, wait_until

pytestmark = pytest.mark.timeout(240)

LIST = f"{PREFIX}{QUEUE}"
RUBBISH = {
    "JSON that is no message": b"[1, 2]",
    "a pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07builtin\x94.",
    "a megabyte that is no JSON": b"x" * 1_000_000,
    "a message without a body": b'{"properties": {}, "headers": {}}',
}


def test_a_doorbell_rung_five_times_does_each_job_once(
    make_fleet: MakeFleet, own_queue_server: QueueServer, sender: Sender
) -> None:
    make_fleet().start()
    bell = make_celery(own_queue_server.url)
    for number in range(4):
        sender.submit("slow 0.05")
        ring(bell, (f"ring-{number}",) * 5)
    jobs = sender.await_end()
    assert {(job.state, job.attempts) for job in jobs} == {(JobState.SUCCEEDED, 1)}


def test_doorbells_that_are_lost_are_rung_again(
    make_fleet: MakeFleet, own_queue_server: QueueServer, sender: Sender
) -> None:
    fleet = make_fleet().start()
    for _ in range(3):
        wait_until(lambda: sender.ledger.client.zcard(f"{PREFIX}drainers") == 0, "all idle")
        for child in fleet.find_children():
            child.suspend()
        sender.submit("ok")
        sender.ledger.client.delete(LIST)
        for child in fleet.find_children():
            child.resume()
    jobs = sender.await_end(seconds=15)
    assert {job.state for job in jobs} == {JobState.SUCCEEDED}


def test_rubbish_in_the_list_stops_no_job(make_fleet: MakeFleet, sender: Sender) -> None:
    fleet = make_fleet(children=1).start()
    for rubbish in RUBBISH.values():
        sender.ledger.client.rpush(LIST, rubbish)
        sender.submit("ok")
    # Celery ends at some of these; `make up` and every platform start it again.
    wait_until(lambda: _supervise(fleet) or _all_done(sender), "jobs done", 120)
    assert {job.state for job in sender.await_end()} == {JobState.SUCCEEDED}


def _supervise(fleet: Fleet) -> bool:
    if fleet.process.poll() is not None:
        fleet.start(wait=False)
    return False


def _all_done(sender: Sender) -> bool:
    return all(job.state.is_final for job in sender.ledger.get_many(sender.accepted) if job)


def test_another_programs_task_is_dropped_and_the_jobs_are_done(
    make_fleet: MakeFleet, own_queue_server: QueueServer, sender: Sender
) -> None:
    fleet = make_fleet(children=1).start()
    stranger = make_celery(own_queue_server.url)
    stranger.send_task("somebody.elses", args=("x",), queue=QUEUE, ignore_result=True)
    sender.submit("ok")
    assert {job.state for job in sender.await_end()} == {JobState.SUCCEEDED}
    assert fleet.process.poll() is None
