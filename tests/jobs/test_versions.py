"""The operator's choice of model versions."""

import pytest

from jobs.connection import connect
from jobs.versions import HISTORY_LENGTH, Versions


@pytest.fixture
def versions(redis_url: str) -> Versions:
    return Versions(connect(redis_url))


def test_nothing_is_chosen_at_first(versions: Versions) -> None:
    assert versions.chosen() == {}


def test_a_choice_is_seen_by_everybody(versions: Versions, redis_url: str) -> None:
    versions.choose("person", "2")
    assert Versions(connect(redis_url)).chosen() == {"person": "2"}


def test_the_first_choice_can_be_taken_back(versions: Versions) -> None:
    versions.choose("person", "2")
    assert (versions.take_back("person"), versions.chosen()) == (True, {})


def test_choices_are_taken_back_one_by_one(versions: Versions) -> None:
    versions.choose("person", "2")
    versions.choose("person", "3")
    versions.take_back("person")
    assert (versions.chosen(), versions.history("person")) == ({"person": "2"}, [None])


def test_where_nothing_was_chosen_nothing_is_taken_back(versions: Versions) -> None:
    assert versions.take_back("person") is False


def test_models_are_chosen_apart(versions: Versions) -> None:
    versions.choose("person", "2")
    versions.choose("zomato_rider", "5")
    versions.take_back("zomato_rider")
    assert versions.chosen() == {"person": "2"}


def test_history_is_bounded(versions: Versions) -> None:
    for number in range(HISTORY_LENGTH + 5):
        versions.choose("person", str(number))
    assert len(versions.history("person")) == HISTORY_LENGTH
