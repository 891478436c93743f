"""Who waits is taken only where the answer would come in time; who leaves work is not asked."""

from typing import Any

import pytest

from jobs.errors import QueueFull
from jobs.ledger import Ledger
from jobs.messages import JobClass, Worker
from jobs.refusals import HOLD_SECONDS, Refusals
from jobs.settings import JobsSettings
from tests.jobs.factories import look_up, make_batch, make_submission, take

SERVICE_MS, CHILDREN = 100, 2


@pytest.fixture
def busy(ledger: Ledger) -> Ledger:
    """A ledger whose two children are at work, each job of theirs taking a tenth of a second."""
    for number in range(CHILDREN):
        ledger.sweep(Worker(name=f"child-{number}", models={}))
        ledger.accept([make_submission(owner=f"early-{number}")])
        take(ledger, f"child-{number}")
    ledger.client.hset("spotter:gauge", "service", SERVICE_MS)
    return ledger


def call(ledger: Ledger, owner: str = "local", **fields: Any) -> str:
    """Submit as a caller who waits."""
    return ledger.accept([make_submission(owner=owner, **fields)], caller_waits=True).id


def call_until_refused(ledger: Ledger, *owners: str) -> int:
    """Let these owners call in turn until one is refused as late; how many calls were taken."""
    for count in range(1000):
        if reason := find_refusal(ledger, owners[count % len(owners)]):
            assert reason == ("late", 1)
            return count
    raise AssertionError("nobody was refused")


def find_refusal(ledger: Ledger, owner: str) -> tuple[str, int] | None:
    try:
        call(ledger, owner)
    except QueueFull as refusal:
        return refusal.reason, refusal.retry_after_seconds
    return None


def test_callers_are_taken_until_the_answer_would_be_late(busy: Ledger) -> None:
    taken = call_until_refused(busy, *(f"owner-{number}" for number in range(100)))
    # 0.8 s, less a job and a half of its own, shared by two children and an eighth for bulk work.
    assert taken == pytest.approx((800 - 150) / SERVICE_MS * CHILDREN * 7 / 8, abs=1)


def test_one_owner_leaves_the_last_of_the_time_to_others(busy: Ledger) -> None:
    assert 6 <= call_until_refused(busy, "many") < 12
    call(busy, "one")


def test_callers_are_first_come_first_served(busy: Ledger) -> None:
    ids = [call(busy) for _ in range(8)]
    assert {look_up(busy, one).job_class for one in ids} == {JobClass.INTERACTIVE}
    assert [take(busy).job_id for _ in ids] == ids


def test_who_does_not_wait_is_taken_as_bulk_work(busy: Ledger) -> None:
    call_until_refused(busy, *(f"owner-{number}" for number in range(100)))
    job_id = busy.accept([make_submission(owner="newcomer")]).id
    assert look_up(busy, job_id).job_class is JobClass.BULK


def test_a_free_child_takes_whatever_its_jobs_took_so_far(ledger: Ledger) -> None:
    ledger.sweep(Worker(name="child", models={}))
    ledger.client.hset("spotter:gauge", "service", 60_000)
    call(ledger)


def test_without_workers_or_knowledge_nobody_is_late(ledger: Ledger) -> None:
    for _ in range(50):
        call(ledger)


def test_the_queue_of_one_who_left_work_does_not_make_callers_late(busy: Ledger) -> None:
    batch, submissions = make_batch(200, "folder")
    busy.accept(submissions, batch=batch)
    call(busy, "person")


def test_a_frame_that_takes_anothers_place_is_never_late(busy: Ledger) -> None:
    call(busy, camera="gate")
    call_until_refused(busy, *(f"owner-{number}" for number in range(100)))
    call(busy, camera="gate")


def test_the_time_is_a_setting(redis_url: str, busy: Ledger) -> None:
    patient = Ledger.connect(JobsSettings(redis_url=redis_url, answer_seconds=10))
    taken = call_until_refused(busy, *(f"owner-{number}" for number in range(100)))
    more = call_until_refused(patient, *(f"owner-{number}" for number in range(100)))
    assert more > 5 * taken


def test_the_time_holds_for_who_does_not_wait_as_well(redis_url: str, busy: Ledger) -> None:
    patient = Ledger.connect(JobsSettings(redis_url=redis_url, answer_seconds=10))
    call_until_refused(busy, *(f"owner-{number}" for number in range(100)))
    job_id = patient.accept([make_submission(owner="newcomer")]).id
    assert look_up(busy, job_id).job_class is JobClass.INTERACTIVE


def test_a_refusal_is_repeated_for_a_moment_and_to_its_owner_alone() -> None:
    now = [0.0]
    refusals = Refusals(clock=lambda: now[0])
    refusals.remember("one", QueueFull("late", 1))
    refusals.check("another")
    with pytest.raises(QueueFull) as caught:
        refusals.check("one")
    assert (caught.value.reason, caught.value.retry_after_seconds) == ("late", 1)
    now[0] += HOLD_SECONDS
    refusals.check("one")
