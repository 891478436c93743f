"""The guard keeps leases alive, and ends what takes too long."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from jobs.ledger import Ledger
from jobs.messages import JobState, Lease
from tests.faults.fleet import wait_until
from tests.jobs.factories import make_stage
from worker.guard import EXIT_GIVEN_UP, Guard, LeaseLost


@pytest.fixture
def ends() -> list[int]:
    """The statuses with which the guard would have ended this process."""
    return []


@pytest.fixture
def guard(ledger: Ledger, ends: list[int]) -> Iterator[Guard]:
    guard = Guard(ledger, ends.append)
    guard.start()
    yield guard
    guard.close()


def test_a_lease_is_kept_alive_beyond_its_time(ledger: Ledger, lease: Lease) -> None:
    patient = Ledger.connect(replace(ledger.settings, picture_seconds=30))
    keeping = Guard(patient, lambda status: None)
    keeping.start()
    with keeping.holding(lease, "drainer"):
        time.sleep(1.3)  # longer than lease_seconds
        ledger.sweep()
        state = ledger.get(lease.job_id).state
    keeping.close()
    assert state is JobState.RUNNING


def test_a_picture_that_takes_too_long_ends_the_process(
    guard: Guard, lease: Lease, ends: list[int]
) -> None:
    with guard.holding(lease, "drainer"):
        wait_until(lambda: ends, "the end of the process", 10)
    assert ends == [EXIT_GIVEN_UP]


def test_a_picture_that_takes_too_long_is_given_up_at_once(
    guard: Guard, ledger: Ledger, lease: Lease, ends: list[int]
) -> None:
    with guard.holding(lease, "drainer"):
        wait_until(lambda: ends, "the end of the process", 10)
    assert ledger.get(lease.job_id).state is JobState.QUEUED


def test_a_picture_that_is_done_in_time_ends_nothing(
    guard: Guard, lease: Lease, ends: list[int]
) -> None:
    with guard.holding(lease, "drainer"):
        pass
    time.sleep(0.7)  # longer than picture_seconds
    assert ends == []


def test_a_cancelled_job_is_broken_off_at_its_next_stage(
    guard: Guard, ledger: Ledger, lease: Lease
) -> None:
    with guard.holding(lease, "drainer") as hold:
        ledger.cancel(lease.job_id)
        wait_until(lambda: hold.is_lost, "the lease's loss", 10)
        with pytest.raises(LeaseLost):
            hold.note(make_stage())


def test_a_slow_stage_is_told_to_those_who_watch(
    guard: Guard, ledger: Ledger, lease: Lease
) -> None:
    with guard.holding(lease, "drainer") as hold:
        hold.began -= 0.3  # as if the stage had taken so long
        hold.note(make_stage())
        assert ledger.get(lease.job_id).progress == (make_stage(),)


def test_a_fast_stage_costs_no_round_trip(guard: Guard, ledger: Ledger, lease: Lease) -> None:
    with guard.holding(lease, "drainer") as hold:
        hold.note(make_stage())
        assert ledger.get(lease.job_id).progress == ()


def test_a_queue_server_that_is_away_loses_no_lease(ledger: Ledger, lease: Lease) -> None:
    lost = Ledger.connect(replace(ledger.settings, redis_url="redis://127.0.0.1:1/0"))
    with Guard(lost, lambda status: None).holding(lease, "drainer") as hold:
        hold.extend()
    assert not hold.is_lost
