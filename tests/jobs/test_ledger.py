"""The life of one job: accepted, leased, finished once, kept for a while."""

from dataclasses import replace
from pathlib import Path

import pytest
import redis

from jobs.errors import LedgerUnavailable
from jobs.ledger import Ledger
from jobs.messages import Failure, JobState, Report
from jobs.records import PREFIX
from jobs.settings import JobsSettings
from tests.conftest import QueueServer
from tests.jobs.conftest import Submit
from tests.jobs.factories import (
    blob_keys,
    drain_order,
    finish,
    look_up,
    make_outcome,
    make_submission,
    take,
)


def let_wait_run_out(ledger: Ledger, job_id: str) -> None:
    """Set a job back as if its longest wait were over."""
    ledger.client.hset(f"{PREFIX}job:{job_id}", "expires", 1)
    ledger.client.zadd(f"{PREFIX}expiring", {job_id: 1})


def test_an_accepted_job_waits_with_its_position(ledger: Ledger, submit: Submit) -> None:
    submit()
    job = look_up(ledger, submit())
    assert (job.state, job.position, job.attempts) == (JobState.QUEUED, 2, 0)


def test_accepting_tells_the_job_as_it_stands(ledger: Ledger, submit: Submit) -> None:
    submit()
    accepted = ledger.accept([make_submission(camera="gate", request_id="r")]).job
    assert accepted is not None
    found = look_up(ledger, accepted.id)
    assert accepted.submitted_ms == pytest.approx(found.submitted_ms, abs=0.001)
    assert replace(accepted, submitted_ms=found.submitted_ms) == found


def test_a_waiting_job_and_its_bytes_have_no_time_limit(ledger: Ledger, submit: Submit) -> None:
    job_id = submit()
    assert ledger.client.ttl(f"{PREFIX}job:{job_id}") == -1
    assert ledger.client.ttl(f"{PREFIX}blob:{job_id}") == -1


def test_a_lease_carries_the_bytes(ledger: Ledger, submit: Submit) -> None:
    job_id = submit(image=b"\x00\xffbytes")
    lease = take(ledger)
    assert (lease.job_id, lease.image, lease.token) == (job_id, b"\x00\xffbytes", 1)
    assert look_up(ledger, job_id).state is JobState.RUNNING


def test_one_call_finishes_a_job_and_leases_the_next(ledger: Ledger, submit: Submit) -> None:
    first, second = submit(), submit()
    lease = take(ledger)
    report = Report(job_id=first, token=lease.token, outcome=make_outcome())
    advanced = ledger.advance("drainer", report, take=True)
    assert advanced.reported is True
    assert advanced.lease is not None
    assert advanced.lease.job_id == second


def test_an_outcome_comes_back_as_it_was_reported(ledger: Ledger, submit: Submit) -> None:
    job_id = submit()
    outcome = make_outcome()
    report = Report(
        job_id=job_id, token=take(ledger).token, outcome=outcome, decoding_milliseconds=1.5
    )
    ledger.advance("drainer", report, take=False)
    job = look_up(ledger, job_id)
    assert job.outcome == outcome
    assert job.decoding_milliseconds == 1.5
    assert job.finished_ms is not None
    assert job.started_ms is not None
    assert job.submitted_ms <= job.started_ms <= job.finished_ms


def test_the_bytes_are_gone_when_the_job_has_ended(ledger: Ledger, submit: Submit) -> None:
    submit()
    finish(ledger, take(ledger))
    assert blob_keys(ledger) == []


def test_a_result_is_kept_for_the_time_that_was_set(redis_url: str) -> None:
    ledger = Ledger.connect(JobsSettings(redis_url=redis_url, result_seconds=120))
    job_id = ledger.accept([make_submission()]).id
    finish(ledger, take(ledger))
    assert 100 < ledger.client.ttl(f"{PREFIX}job:{job_id}") <= 120


def test_a_result_never_changes(ledger: Ledger, submit: Submit) -> None:
    job_id = submit()
    lease = take(ledger)
    assert finish(ledger, lease, "first") is True
    assert finish(ledger, lease, "second") is False
    outcome = look_up(ledger, job_id).outcome
    assert outcome is not None
    assert outcome.text == "first"


def test_a_failure_is_kept_with_code_and_message(ledger: Ledger, submit: Submit) -> None:
    job_id = submit()
    failure = Failure(code="image_truncated", message="The picture ends too early.")
    report = Report(job_id=job_id, token=take(ledger).token, failure=failure)
    ledger.advance("drainer", report, take=False)
    job = look_up(ledger, job_id)
    assert (job.state, job.failure, job.outcome) == (JobState.FAILED, failure, None)
    assert [one.id for one in ledger.failed()] == [job_id]


def test_cancelling_ends_a_waiting_job(ledger: Ledger, submit: Submit) -> None:
    job = ledger.cancel(submit())
    assert job is not None
    assert job.state is JobState.CANCELLED
    assert drain_order(ledger) == []
    assert blob_keys(ledger) == []


def test_a_job_cancelled_while_it_runs_drops_its_result(ledger: Ledger, submit: Submit) -> None:
    job_id = submit()
    lease = take(ledger)
    ledger.cancel(job_id)
    assert finish(ledger, lease) is False
    assert look_up(ledger, job_id).state is JobState.CANCELLED


def test_cancelling_an_ended_job_changes_nothing(ledger: Ledger, submit: Submit) -> None:
    job_id = submit()
    finish(ledger, take(ledger))
    job = ledger.cancel(job_id)
    assert job is not None
    assert job.state is JobState.SUCCEEDED


def test_an_unknown_job_is_none(ledger: Ledger) -> None:
    assert ledger.get("A" * 22) is None
    assert ledger.cancel("A" * 22) is None


def test_a_newer_frame_supersedes_the_waiting_one(ledger: Ledger, submit: Submit) -> None:
    older, newer = submit(camera="gate"), submit(camera="gate")
    assert look_up(ledger, older).state is JobState.SUPERSEDED
    assert drain_order(ledger) == [newer]


def test_a_frame_that_runs_is_not_superseded(ledger: Ledger, submit: Submit) -> None:
    older = submit(camera="gate")
    lease = take(ledger)
    submit(camera="gate")
    assert finish(ledger, lease) is True
    assert look_up(ledger, older).state is JobState.SUCCEEDED


@pytest.mark.parametrize("before", [0, 4])
def test_a_newer_frame_takes_the_older_one_s_place(
    ledger: Ledger, submit: Submit, before: int
) -> None:
    ahead = [submit() for _ in range(before)]  # four: the frames are bulk
    submit(camera="gate")
    behind = submit()
    newer = submit(camera="gate")
    assert drain_order(ledger) == [*ahead, newer, behind]


@pytest.mark.parametrize("other", [{"camera": "lobby"}, {"camera": "gate", "owner": "other"}])
def test_cameras_and_owners_do_not_supersede_each_other(
    ledger: Ledger, submit: Submit, other: dict[str, str]
) -> None:
    first, second = submit(camera="gate"), submit(**other)
    assert set(drain_order(ledger)) == {first, second}


def test_a_job_that_waits_too_long_for_its_sender_expires(ledger: Ledger, submit: Submit) -> None:
    job_id = submit(max_wait_seconds=9)
    ledger.sweep()
    assert look_up(ledger, job_id).state is JobState.QUEUED
    let_wait_run_out(ledger, job_id)
    ledger.sweep()
    assert look_up(ledger, job_id).state is JobState.EXPIRED
    assert blob_keys(ledger) == []


def test_an_expired_job_is_not_leased_even_before_a_sweep(ledger: Ledger, submit: Submit) -> None:
    expired, good = submit(max_wait_seconds=9), submit()
    let_wait_run_out(ledger, expired)
    assert drain_order(ledger) == [good]
    assert look_up(ledger, expired).state is JobState.EXPIRED


def test_a_call_repeated_after_a_lost_answer_stores_nothing_twice(ledger: Ledger) -> None:
    submission = make_submission()
    ledger.accept([submission])
    ledger.accept([submission])
    assert ledger.client.ttl(f"{PREFIX}blob:{submission.id}") == -1
    assert drain_order(ledger) == [submission.id]
    ledger.accept([submission])
    assert blob_keys(ledger) == []
    assert ledger.census().counters["accepted"] == 1


def test_bytes_without_an_accept_vanish_by_themselves(ledger: Ledger) -> None:
    pipe = ledger.client.pipeline()
    pipe.set(f"{PREFIX}blob:orphan", b"bytes", px=60_000).ttl(f"{PREFIX}blob:orphan")
    assert 0 < pipe.execute()[1] <= 60


def test_a_job_whose_bytes_are_gone_fails_and_says_so(ledger: Ledger, submit: Submit) -> None:
    job_id = submit()
    ledger.client.delete(f"{PREFIX}blob:{job_id}")
    assert drain_order(ledger) == []
    failure = look_up(ledger, job_id).failure
    assert failure is not None
    assert failure.code == "picture_lost"


def test_waiting_and_running_are_counted_by_one_command_each(
    ledger: Ledger, submit: Submit
) -> None:
    for _ in range(6):
        submit()
    take(ledger)
    assert ledger.client.zcard(f"{PREFIX}waiting:interactive") == 3
    assert ledger.client.zcard(f"{PREFIX}waiting:bulk") == 2
    assert ledger.client.zcard(f"{PREFIX}running") == 1


def test_every_key_stands_under_the_prefix(ledger: Ledger, submit: Submit) -> None:
    submit(camera="gate", max_wait_seconds=9)
    finish(ledger, take(ledger))
    assert all(name.startswith(PREFIX.encode()) for name in ledger.client.scan_iter("*"))


def test_a_server_that_forgot_its_scripts_gets_them_again(
    ledger: Ledger, submit: Submit, queue_server: QueueServer
) -> None:
    submit()
    queue_server.ask("SCRIPT", "FLUSH")
    submit()
    queue_server.ask("SCRIPT", "FLUSH")
    assert len(drain_order(ledger)) == 2


def test_a_dead_server_is_told_apart_from_a_full_one(tmp_path: Path) -> None:
    ledger = Ledger.connect(JobsSettings(redis_url=f"unix://{tmp_path}/none.sock"))
    with pytest.raises(LedgerUnavailable, match="Redis"):
        ledger.accept([make_submission()])
    with pytest.raises(LedgerUnavailable):
        ledger.ping()


def test_results_are_committed_even_when_memory_is_full(own_queue_server: QueueServer) -> None:
    server = own_queue_server
    ledger = Ledger.connect(JobsSettings(redis_url=server.url))
    job_id = ledger.accept([make_submission()]).id
    lease = take(ledger)
    server.ask("CONFIG", "SET", "maxmemory", "1mb")
    with pytest.raises(LedgerUnavailable):
        ledger.accept([make_submission()])
    assert finish(ledger, lease) is True
    assert look_up(ledger, job_id).state is JobState.SUCCEEDED


def test_errors_of_the_client_never_leak(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise redis.exceptions.ResponseError("MISCONF Errors writing to the AOF file")

    monkeypatch.setattr(ledger.client, "execute_command", refuse)
    with pytest.raises(LedgerUnavailable, match="MISCONF"):
        ledger.get("any")
