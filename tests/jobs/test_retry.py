"""A failed job is tried again as a new one, while its picture is kept; and what is not kept."""

import pytest

from jobs.errors import PictureGone
from jobs.ledger import Ledger
from jobs.messages import Failure, Job, JobState, Report
from jobs.retry import retry
from jobs.settings import JobsSettings
from tests.jobs.conftest import Submit
from tests.jobs.factories import make_outcome, take


def fail(ledger: Ledger, job_id: str, reason: str) -> Job:
    """Let a job fail by three attempts that were given up."""
    for _ in range(3):
        ledger.give_up(take(ledger), "drainer", reason)
    return look_up(ledger, job_id)


def look_up(ledger: Ledger, job_id: str) -> Job:
    job = ledger.get(job_id)
    assert job is not None
    return job


@pytest.mark.parametrize("reason", ["worker_lost", "internal_error"])
def test_what_failed_by_our_fault_is_tried_again_as_a_new_job(
    ledger: Ledger, submit: Submit, reason: str
) -> None:
    failed = fail(ledger, submit(owner="key:a", camera="gate", image=b"bytes"), reason)
    again = retry(ledger, failed)
    job = look_up(ledger, again.id)
    assert (job.owner, job.camera, job.pipeline) == ("key:a", None, failed.pipeline)
    lease = take(ledger)
    assert (lease.job_id, lease.image) == (again.id, b"bytes")
    ledger.advance(
        "drainer",
        Report(job_id=lease.job_id, token=lease.token, outcome=make_outcome()),
        take=False,
    )
    assert look_up(ledger, again.id).state is JobState.SUCCEEDED
    assert look_up(ledger, failed.id) == failed


def test_asked_twice_it_is_one_new_job(ledger: Ledger, submit: Submit) -> None:
    failed = fail(ledger, submit(), "internal_error")
    first, second = retry(ledger, failed), retry(ledger, failed)
    assert first.id == second.id
    assert second.replayed


def test_a_retry_that_fails_can_be_retried(ledger: Ledger, submit: Submit) -> None:
    failed = fail(ledger, submit(), "internal_error")
    second = fail(ledger, retry(ledger, failed).id, "internal_error")
    assert retry(ledger, second).id not in (failed.id, second.id)


@pytest.mark.parametrize("reason", ["picture_too_slow", "out_of_memory"])
def test_the_picture_of_a_job_that_failed_by_its_own_fault_is_not_kept(
    ledger: Ledger, submit: Submit, reason: str
) -> None:
    failed = fail(ledger, submit(), reason)
    assert no_pictures(ledger)
    with pytest.raises(PictureGone):
        retry(ledger, failed)


def test_neither_is_one_that_was_refused_answered_or_taken_back(
    ledger: Ledger, submit: Submit
) -> None:
    for ended in (
        {"failure": Failure(code="image_damaged", message="It is.")},
        {"outcome": make_outcome()},
    ):
        submit()
        lease = take(ledger)
        report = Report(job_id=lease.job_id, token=lease.token, **ended)  # type: ignore[arg-type]
        ledger.advance("drainer", report, take=False)
    ledger.cancel(submit())
    assert no_pictures(ledger)


def test_a_kept_picture_goes_after_a_quarter_of_an_hour(ledger: Ledger, submit: Submit) -> None:
    failed = fail(ledger, submit(), "internal_error")
    assert 14 * 60 < ledger.client.ttl(f"spotter:kept:{failed.id}") <= 15 * 60
    assert ledger.find_kept([failed.id, "x"]) == {failed.id}


def test_it_counts_no_more_as_waiting(ledger: Ledger, submit: Submit) -> None:
    fail(ledger, submit(image=bytes(1000)), "internal_error")
    assert int(ledger.client.hget("spotter:gauge", "bytes")) == 0


def test_a_lease_that_ran_out_keeps_it_too(hasty: Ledger, submit: Submit) -> None:
    job_id = submit()
    for _ in range(3):
        take(hasty)
        hasty.sweep()
    assert hasty.find_kept([job_id]) == {job_id}


def test_where_memory_is_short_nothing_is_kept(ledger: Ledger, submit: Submit) -> None:
    ledger.sweep(memory_share=0.6)
    fail(ledger, submit(), "internal_error")
    assert no_pictures(ledger)


def test_who_wants_nothing_kept_says_so(redis_url: str, submit: Submit) -> None:
    ledger = Ledger.connect(JobsSettings(redis_url=redis_url, keep_failed_seconds=0))
    fail(ledger, submit(), "internal_error")
    assert no_pictures(ledger)


def no_pictures(ledger: Ledger) -> bool:
    kinds = {name.split(b":")[1] for name in ledger.client.scan_iter("spotter:*")}
    return not kinds & {b"kept", b"blob"}
