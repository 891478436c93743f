"""Messages survive the way through JSON, and ids cannot be guessed."""

from jobs.messages import JobState, Outcome, new_id
from tests.jobs.factories import make_outcome


def test_an_outcome_survives_json() -> None:
    assert Outcome.from_json(make_outcome().to_json()) == make_outcome()


def test_ids_are_22_url_safe_characters_and_differ() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {len(one) for one in ids} == {22}
    assert all(one.replace("-", "").replace("_", "").isalnum() for one in ids)


def test_only_queued_and_running_are_not_final() -> None:
    assert {state for state in JobState if not state.is_final} == {"queued", "running"}
