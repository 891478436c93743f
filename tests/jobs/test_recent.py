"""An owner's list: newest first, in pages, without what is gone."""

from jobs.ledger import Ledger
from jobs.records import PREFIX
from tests.jobs.conftest import Submit
from tests.jobs.factories import make_batch


def test_recent_lists_an_owners_jobs_newest_first_and_in_pages(
    ledger: Ledger, submit: Submit
) -> None:
    ids = [submit(owner="me") for _ in range(5)]
    submit(owner="other")
    page = ledger.recent("me", limit=2)
    rest = ledger.recent("me", limit=9, before_ms=page[-1].submitted_ms)
    assert [job.id for job in page + rest] == ids[::-1]


def test_recent_forgets_what_is_gone(ledger: Ledger, submit: Submit) -> None:
    gone, kept = submit(), submit()
    ledger.client.delete(f"{PREFIX}job:{gone}")
    assert [job.id for job in ledger.recent("local", limit=5)] == [kept]
    assert ledger.client.zcard(f"{PREFIX}recent:local") == 1


def test_a_page_of_the_list_may_end_within_a_batch(ledger: Ledger) -> None:
    batch, submissions = make_batch(30)
    ledger.accept(submissions, batch=batch)
    first = ledger.recent("local", limit=10)
    rest = ledger.recent("local", limit=100, before_ms=first[-1].submitted_ms)
    assert [job.id for job in first + rest] == [one.id for one in reversed(submissions)]
