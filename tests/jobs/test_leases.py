"""Leases: who holds a job, until when, and what a late report is worth."""

from jobs.ledger import Ledger
from jobs.messages import JobState
from jobs.records import PREFIX
from jobs.settings import JobsSettings
from tests.jobs.conftest import Submit
from tests.jobs.factories import (
    blob_keys,
    drain_order,
    finish,
    look_up,
    make_stage,
    make_submission,
    take,
)


def test_a_lapsed_lease_runs_again_with_a_new_token(hasty: Ledger, submit: Submit) -> None:
    submit()
    first = take(hasty)
    hasty.sweep()
    second = take(hasty)
    assert (first.job_id, first.token, second.token) == (second.job_id, 1, 2)


def test_a_zombie_cannot_finish_what_is_leased_again(hasty: Ledger, submit: Submit) -> None:
    submit()
    zombie = take(hasty)
    hasty.sweep()
    assert finish(hasty, zombie) is False
    heir = take(hasty)
    assert finish(hasty, zombie) is False
    assert finish(hasty, heir) is True


def test_a_job_that_runs_again_goes_first(hasty: Ledger, submit: Submit) -> None:
    first, second = submit(), submit()
    take(hasty)
    hasty.sweep()
    assert drain_order(hasty) == [first, second]


def test_a_job_that_runs_again_expires_where_no_worker_comes(hasty: Ledger, submit: Submit) -> None:
    job_id = submit(max_wait_seconds=9)
    take(hasty)
    hasty.client.hset(f"{PREFIX}job:{job_id}", "expires", 1)
    hasty.sweep()
    assert look_up(hasty, job_id).state is JobState.EXPIRED


def test_the_third_lapse_is_the_last(hasty: Ledger, submit: Submit) -> None:
    job_id = submit()
    for _ in range(3):
        take(hasty)
        hasty.sweep()
    job = look_up(hasty, job_id)
    assert job.state is JobState.FAILED
    assert job.failure is not None
    assert (job.failure.code, job.attempts) == ("worker_lost", 3)
    assert blob_keys(hasty) == []


def test_giving_up_names_the_reason_and_frees_the_job_at_once(
    ledger: Ledger, submit: Submit
) -> None:
    job_id = submit()
    for _ in range(3):
        ledger.give_up(take(ledger), "drainer", "picture_too_slow")
    failure = look_up(ledger, job_id).failure
    assert failure is not None
    assert failure.code == "picture_too_slow"
    assert "JPEG" in failure.message


def test_extending_keeps_a_lease_alive(redis_url: str) -> None:
    ledger = Ledger.connect(JobsSettings(redis_url=redis_url, lease_seconds=60))
    job_id = ledger.accept([make_submission()]).id
    lease = take(ledger)
    ledger.client.zadd(f"{PREFIX}running", {job_id: 1})  # as if nearly a minute had passed
    assert ledger.extend(lease, "drainer", [make_stage()]) is True
    ledger.sweep()
    job = look_up(ledger, job_id)
    assert job.state is JobState.RUNNING
    assert job.progress == (make_stage(),)


def test_a_lost_lease_cannot_be_extended(hasty: Ledger, submit: Submit) -> None:
    submit()
    lease = take(hasty)
    hasty.sweep()
    assert hasty.extend(lease, "drainer") is False


def test_a_lease_says_that_nothing_else_waits_or_runs(hasty: Ledger, submit: Submit) -> None:
    submit()
    assert take(hasty).is_alone


def test_a_lease_beside_a_waiting_job_is_not_alone(hasty: Ledger, submit: Submit) -> None:
    submit(), submit()
    assert not take(hasty).is_alone


def test_a_lease_beside_a_running_job_is_not_alone(hasty: Ledger, submit: Submit) -> None:
    submit(), take(hasty), submit()
    assert not take(hasty).is_alone
