"""When the bell rings: as many drainers as there is work for, no more than there are children."""

from jobs.ledger import Ledger
from jobs.messages import Worker
from jobs.records import PREFIX
from tests.conftest import QueueServer
from tests.jobs.factories import finish, make_batch, make_submission, take


def announce(ledger: Ledger, *names: str) -> tuple[str, ...]:
    rings: tuple[str, ...] = ()
    for name in names:
        rings += ledger.sweep(Worker(name=name, models={"person": "1"}))
    return rings


def submit(ledger: Ledger) -> tuple[str, ...]:
    return ledger.accept([make_submission()]).rings


def test_without_workers_nothing_is_rung(ledger: Ledger) -> None:
    assert submit(ledger) == ()


def test_a_worker_that_arrives_is_rung_for_what_waits(ledger: Ledger) -> None:
    submit(ledger)
    assert len(announce(ledger, "w1")) == 1


def test_a_second_job_rings_for_a_second_child_only(ledger: Ledger) -> None:
    announce(ledger, "w1", "w2")
    assert [len(submit(ledger)) for _ in range(4)] == [1, 1, 0, 0]


def test_a_batch_rings_once_a_child(ledger: Ledger) -> None:
    announce(ledger, "w1", "w2", "w3")
    batch, submissions = make_batch(20)
    assert len(ledger.accept(submissions, batch=batch).rings) == 3


def test_an_idle_drainer_is_knocked_and_no_bell_rings(ledger: Ledger) -> None:
    announce(ledger, "w1")
    ledger.advance("ring-0", None, take=True)
    assert submit(ledger) == ()
    assert ledger.client.llen("spotter:knock") == 1
    assert ledger.await_lease("ring-0", 1) is not None


def test_a_wait_without_a_knock_leaves_the_drainer_as_idle_as_it_was(ledger: Ledger) -> None:
    ledger.advance("ring-0", None, take=True)
    before = ledger.client.zscore("spotter:idle", "ring-0")
    assert ledger.await_lease("ring-0", 0.05) is None
    assert ledger.client.zscore("spotter:idle", "ring-0") == before


def test_a_job_whose_knock_was_lost_is_leased_when_the_wait_is_over(ledger: Ledger) -> None:
    ledger.advance("ring-0", None, take=True)
    submit(ledger)
    ledger.client.delete("spotter:knock")
    assert ledger.await_lease("ring-0", 0.05) is not None


def test_a_server_that_forgot_its_scripts_keeps_no_drainer_from_its_lease(
    ledger: Ledger, queue_server: QueueServer
) -> None:
    submit(ledger)
    queue_server.ask("SCRIPT", "FLUSH")
    assert ledger.await_lease("ring-0", 0.05) is not None


def test_a_busy_drainer_does_not_keep_another_child_from_work(ledger: Ledger) -> None:
    announce(ledger, "w1", "w2")
    (ring,) = submit(ledger)
    take(ledger, ring)
    assert len(submit(ledger)) == 1


def test_leaving_finds_the_job_that_came_in_the_last_moment(ledger: Ledger) -> None:
    ledger.advance("ring-0", None, take=True)
    submit(ledger)
    assert ledger.advance("ring-0", None, take=True, leave=True).lease is not None


def test_a_drainer_that_left_is_rung_for_again(ledger: Ledger) -> None:
    announce(ledger, "w1")
    ledger.advance("ring-0", None, take=True)
    ledger.advance("ring-0", None, take=True, leave=True)
    assert len(submit(ledger)) == 1


def test_a_lost_doorbell_is_rung_again(ledger: Ledger) -> None:
    announce(ledger, "w1")
    (ring,) = submit(ledger)
    assert ledger.sweep() == ()
    ledger.client.zadd(f"{PREFIX}rung", {ring: 1})  # as if two seconds had passed
    assert len(ledger.sweep()) == 1


def test_a_drainer_that_died_idle_is_forgotten(ledger: Ledger) -> None:
    announce(ledger, "w1")
    ledger.advance("dead", None, take=True)
    job_id = ledger.accept([make_submission()]).id
    ledger.client.hset(f"{PREFIX}job:{job_id}", "submitted", 1)  # as if it waited for long
    assert len(ledger.sweep()) == 1


def test_a_worker_that_is_not_seen_any_more_does_not_count(ledger: Ledger) -> None:
    announce(ledger, "w1", "w2")
    ledger.client.zadd(f"{PREFIX}workers", {"w2": 1})  # as if five seconds had passed
    ledger.sweep()
    assert [worker.name for worker in ledger.census().workers] == ["w1"]


def test_a_retiring_worker_counts_no_more(ledger: Ledger) -> None:
    announce(ledger, "w1")
    ledger.sweep(Worker(name="w1", models={}), retiring=True)
    assert ledger.census().workers == ()


def test_census_counts_and_names(ledger: Ledger) -> None:
    announce(ledger, "w1")
    submit(ledger)
    submit(ledger)
    finish(ledger, take(ledger))
    take(ledger)
    ledger.sweep()
    census = ledger.census()
    assert (census.waiting_interactive, census.waiting_bulk, census.running) == (0, 0, 1)
    assert census.workers == (Worker(name="w1", models={"person": "1"}),)
    assert census.counters["accepted"] == 2
    assert census.counters["ended:succeeded"] == 1
