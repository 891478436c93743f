"""Who goes first: interactive before bulk, owners in turn, nobody starved."""

from jobs.ledger import Ledger
from jobs.messages import JobClass
from tests.jobs.conftest import Submit
from tests.jobs.factories import drain_order, finish, look_up, make_batch, make_submission, take


def test_an_owners_first_four_waiting_jobs_are_interactive(ledger: Ledger, submit: Submit) -> None:
    classes = [look_up(ledger, submit()).job_class for _ in range(6)]
    assert classes == [JobClass.INTERACTIVE] * 4 + [JobClass.BULK] * 2


def test_a_leased_job_makes_room_for_an_interactive_one(ledger: Ledger, submit: Submit) -> None:
    for _ in range(4):
        submit()
    take(ledger)
    assert look_up(ledger, submit()).job_class is JobClass.INTERACTIVE


def test_a_batch_does_not_use_up_its_owners_interactive_places(
    ledger: Ledger, submit: Submit
) -> None:
    batch, submissions = make_batch(10)
    ledger.accept(submissions, batch=batch)
    job_id = submit()
    assert look_up(ledger, job_id).position == 1
    assert take(ledger).job_id == job_id


def test_bulk_takes_owners_in_turn(ledger: Ledger) -> None:
    for owner, count in (("a", 3), ("b", 3), ("c", 1)):
        batch, submissions = make_batch(count, owner)
        ledger.accept(submissions, batch=batch)
    owners = [look_up(ledger, job_id).owner for job_id in drain_order(ledger)]
    assert sorted(owners[:3]) == ["a", "b", "c"]
    assert sorted(owners[3:5]) == ["a", "b"]


def test_a_newcomer_is_not_made_to_wait_for_an_old_backlog(ledger: Ledger) -> None:
    old, submissions = make_batch(50, "old")
    ledger.accept(submissions, batch=old)
    for _ in range(20):
        finish(ledger, take(ledger))
    new, submissions = make_batch(1, "new")
    ledger.accept(submissions, batch=new)
    assert submissions[0].id in drain_order(ledger)[:2]


def test_bulk_gets_every_eighth_lease(ledger: Ledger) -> None:
    batch, submissions = make_batch(4)
    ledger.accept(submissions, batch=batch)
    bulk_at = []
    for number in range(1, 17):
        ledger.accept([make_submission(owner=f"owner-{number}")])
        lease = take(ledger)
        if look_up(ledger, lease.job_id).job_class is JobClass.BULK:
            bulk_at.append(number)
        finish(ledger, lease)
    assert bulk_at == [8, 16]


def test_the_position_of_a_bulk_job_counts_the_interactive_ones(
    ledger: Ledger, submit: Submit
) -> None:
    batch, submissions = make_batch(2)
    ledger.accept(submissions, batch=batch)
    submit()
    assert look_up(ledger, submissions[1].id).position == 3
