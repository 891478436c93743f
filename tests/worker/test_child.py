"""What a child does with a picture, and with each way in which that can go wrong."""

import logging
from collections.abc import Callable

import pytest

from jobs.ledger import Ledger
from jobs.messages import JobState, Lease
from tests.jobs.factories import take
from tests.worker.cascades import Answer, Broken
from tests.worker.conftest import MakeChild
from worker.guard import EXIT_GIVEN_UP


def test_a_good_picture_is_reported(make_child: MakeChild, lease: Lease) -> None:
    assert make_child().work(lease, "drainer").outcome.label == "others"


def test_a_fault_of_ours_gives_the_job_to_another(
    make_child: MakeChild, ledger: Ledger, lease: Lease
) -> None:
    report = make_child(Broken(ZeroDivisionError())).work(lease, "drainer")
    assert (report, ledger.get(lease.job_id).state) == (None, JobState.QUEUED)


def test_a_fault_of_ours_is_told_in_the_log(
    make_child: MakeChild, lease: Lease, caplog: pytest.LogCaptureFixture
) -> None:
    make_child(Broken(ZeroDivisionError("a bug"))).work(lease, "drainer")
    line = next(record for record in caplog.records if record.levelno == logging.ERROR)
    assert (line.job_id, str(line.exc_info[1])) == (lease.job_id, "a bug")


def test_want_of_memory_ends_the_process(make_child: MakeChild, lease: Lease) -> None:
    child = make_child(Broken(MemoryError()))
    child.work(lease, "drainer")
    assert child.ends == [EXIT_GIVEN_UP]


def test_a_cancelled_job_is_not_reported(
    make_child: MakeChild, ledger: Ledger, lease: Lease
) -> None:
    child = make_child()
    child.guard.start()
    child._rollover.loaded.cascades["zomato-rider"].during = lambda: lose(child, ledger, lease)
    assert child.work(lease, "drainer") is None


def lose(child: object, ledger: Ledger, lease: Lease) -> None:
    ledger.cancel(lease.job_id)
    child.guard._hold.extend()


def test_an_unknown_pipeline_is_left_for_another_worker(
    make_child: MakeChild, ledger: Ledger, submit: Callable[..., str]
) -> None:
    submit(pipeline="cats")
    assert make_child().work(take(ledger), "drainer") is None


def test_an_unknown_pipeline_fails_at_the_last_attempt(
    make_child: MakeChild, ledger: Ledger, submit: Callable[..., str]
) -> None:
    submit(pipeline="cats")
    child = make_child()
    for _ in range(2):
        ledger.give_up(take(ledger), "drainer", "")
    assert child.work(take(ledger), "drainer").failure.code == "pipeline_unknown"


def test_a_child_drains_with_its_own_cascade(
    make_child: MakeChild, ledger: Ledger, submit: Callable[..., str]
) -> None:
    cascade = Answer()
    submit(image=b"one")
    make_child(cascade).drain("ring-1", lambda: False)
    assert cascade.pictures == [b"one"]


def test_a_lone_picture_has_the_cascade_on_several_threads(
    make_child: MakeChild, ledger: Ledger, submit: Callable[..., str]
) -> None:
    usual, lone = Answer(), Answer()
    submit(image=b"one")
    make_child(usual, lone).drain("ring-1", lambda: False)
    assert (usual.pictures, lone.pictures) == ([], [b"one"])


def test_pictures_beside_others_have_a_thread_each(
    make_child: MakeChild, ledger: Ledger, submit: Callable[..., str]
) -> None:
    usual, lone = Answer(), Answer()
    submit(image=b"one"), submit(image=b"two")
    make_child(usual, lone).drain("ring-1", lambda: False)
    assert (usual.pictures, lone.pictures) == ([b"one"], [b"two"])
