"""What the ledger takes: a repeated request once, and nothing that does not fit."""

import threading
from typing import Any

import pytest

from jobs.errors import IdempotencyConflict, QueueFull
from jobs.ledger import Ledger
from jobs.records import PREFIX
from jobs.settings import JobsSettings
from tests.jobs.factories import (
    blob_keys,
    drain_order,
    finish,
    make_batch,
    make_submission,
    take,
)


def test_the_same_key_and_request_return_the_first_job(ledger: Ledger) -> None:
    first = ledger.accept([make_submission()], idempotency_key="key", fingerprint="f")
    again = ledger.accept([make_submission()], idempotency_key="key", fingerprint="f")
    assert (again.id, first.replayed, again.replayed) == (first.id, False, True)
    assert len(blob_keys(ledger)) == 1


def test_the_same_key_with_another_request_is_refused(ledger: Ledger) -> None:
    first = ledger.accept([make_submission()], idempotency_key="key", fingerprint="f")
    with pytest.raises(IdempotencyConflict) as caught:
        ledger.accept([make_submission()], idempotency_key="key", fingerprint="g")
    assert caught.value.job_id == first.id
    assert len(blob_keys(ledger)) == 1


def test_keys_of_two_owners_have_nothing_to_do_with_each_other(ledger: Ledger) -> None:
    first = ledger.accept([make_submission(owner="a")], idempotency_key="key", fingerprint="f")
    second = ledger.accept([make_submission(owner="b")], idempotency_key="key", fingerprint="f")
    assert first.id != second.id


def test_a_key_lives_as_long_as_its_job(ledger: Ledger) -> None:
    ledger.accept([make_submission()], idempotency_key="key", fingerprint="f")
    name = f"{PREFIX}idempotency:local:key"
    assert ledger.client.ttl(name) == -1
    finish(ledger, take(ledger))
    assert ledger.client.ttl(name) > 0


def test_twenty_at_once_with_one_key_make_one_job(ledger: Ledger) -> None:
    ids: list[str] = []

    def accept() -> None:
        taken = ledger.accept([make_submission()], idempotency_key="key", fingerprint="f")
        ids.append(taken.id)

    threads = [threading.Thread(target=accept) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(ids), len(set(ids))) == (20, 1)


@pytest.mark.parametrize(
    ("limit", "reason"), [({"max_waiting": 1}, "depth"), ({"max_waiting_bytes": 10}, "bytes")]
)
def test_what_does_not_fit_is_refused_and_nothing_is_stored(
    redis_url: str, limit: dict[str, Any], reason: str
) -> None:
    ledger = Ledger.connect(JobsSettings(redis_url=redis_url, **limit))
    ledger.accept([make_submission(image=b"12345678")])
    with pytest.raises(QueueFull) as caught:
        ledger.accept([make_submission(image=b"12345678")])
    assert caught.value.reason == reason
    assert 1 <= caught.value.retry_after_seconds <= 60
    assert len(blob_keys(ledger)) == 1


def test_one_owner_cannot_fill_the_queue_for_the_others(redis_url: str) -> None:
    ledger = Ledger.connect(JobsSettings(redis_url=redis_url, max_waiting=10))
    for _ in range(8):
        ledger.accept([make_submission(owner="greedy")])
    with pytest.raises(QueueFull, match="share"):
        ledger.accept([make_submission(owner="greedy")])
    ledger.accept([make_submission(owner="other")])


def test_a_newer_frame_is_taken_even_by_a_full_queue(redis_url: str) -> None:
    ledger = Ledger.connect(JobsSettings(redis_url=redis_url, max_waiting=1))
    ledger.accept([make_submission(camera="gate")])
    with pytest.raises(QueueFull):
        ledger.accept([make_submission(camera="lobby")])
    newer = ledger.accept([make_submission(camera="gate")]).id
    assert drain_order(ledger) == [newer]


def test_memory_above_its_share_refuses(ledger: Ledger) -> None:
    ledger.sweep(memory_share=0.71)
    with pytest.raises(QueueFull, match="memory"):
        ledger.accept([make_submission()])
    ledger.sweep(memory_share=0.3)
    ledger.accept([make_submission()])


def test_an_ended_job_makes_room_for_its_bytes(redis_url: str) -> None:
    ledger = Ledger.connect(JobsSettings(redis_url=redis_url, max_waiting_bytes=10))
    for _ in range(3):
        ledger.accept([make_submission(image=b"12345678")])
        finish(ledger, take(ledger))


def test_a_batch_is_taken_whole_or_not_at_all(redis_url: str) -> None:
    ledger = Ledger.connect(JobsSettings(redis_url=redis_url, max_waiting=4))
    batch, submissions = make_batch(5)
    with pytest.raises(QueueFull):
        ledger.accept(submissions, batch=batch)
    assert blob_keys(ledger) == []
    assert ledger.get_batch(batch.id) is None


def test_a_batch_names_its_jobs_in_order(ledger: Ledger) -> None:
    batch, submissions = make_batch(3)
    assert ledger.accept(submissions, batch=batch).id == batch.id
    found = ledger.get_batch(batch.id)
    assert found is not None
    assert found.items == tuple(one.id for one in submissions)
    assert ledger.client.ttl(f"{PREFIX}batch:{batch.id}") == -1
    drain_order(ledger)
    assert ledger.client.ttl(f"{PREFIX}batch:{batch.id}") > 0


def test_a_repeated_batch_is_replayed(ledger: Ledger) -> None:
    first, submissions = make_batch(2)
    ledger.accept(submissions, batch=first, idempotency_key="key", fingerprint="f")
    second, submissions = make_batch(2)
    again = ledger.accept(submissions, batch=second, idempotency_key="key", fingerprint="f")
    assert (again.id, again.replayed) == (first.id, True)
