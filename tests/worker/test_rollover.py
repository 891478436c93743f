"""Changing a model's version under a running child."""

import logging
from collections.abc import Mapping

import pytest

from jobs.connection import connect
from jobs.versions import Versions
from models.errors import CatalogueError
from tests.worker.cascades import Answer
from worker import rollover as module
from worker.rollover import Loaded, Rollover


class Shelf:
    """Loads versions 1 and 2 of `person`, and `zomato_rider` at any."""

    def __init__(self) -> None:
        self.loads: list[dict[str, str]] = []

    def load(self, versions: Mapping[str, str]) -> Loaded:
        self.loads.append(dict(versions))
        if versions.get("person", "1") not in {"1", "2"}:
            raise CatalogueError("there is no such version")
        return Loaded(
            cascades={"zomato-rider": Answer()},
            models={"person": "1", "zomato_rider": "1", **versions},
        )


@pytest.fixture
def versions(redis_url: str) -> Versions:
    return Versions(connect(redis_url))


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def test_without_a_choice_the_pipelines_decide(shelf: Shelf, versions: Versions) -> None:
    assert Rollover(shelf.load, versions).loaded.models["person"] == "1"


def test_a_child_starts_with_what_was_chosen(shelf: Shelf, versions: Versions) -> None:
    versions.choose("person", "2")
    rollover = Rollover(shelf.load, versions)
    assert (rollover.loaded.models["person"], len(shelf.loads)) == ("2", 1)


def test_a_new_choice_is_loaded_at_the_next_look(shelf: Shelf, versions: Versions) -> None:
    rollover = Rollover(shelf.load, versions)
    versions.choose("person", "2")
    rollover.look()
    assert rollover.loaded.models["person"] == "2"


def test_a_picture_in_hand_keeps_its_cascade(shelf: Shelf, versions: Versions) -> None:
    rollover = Rollover(shelf.load, versions)
    in_hand = rollover.loaded
    versions.choose("person", "2")
    rollover.look()
    assert in_hand.models["person"] == "1"


def test_a_choice_taken_back_brings_the_pipelines_own(shelf: Shelf, versions: Versions) -> None:
    versions.choose("person", "2")
    rollover = Rollover(shelf.load, versions)
    versions.take_back("person")
    rollover.look()
    assert rollover.loaded.models["person"] == "1"


def test_nothing_is_loaded_where_nothing_changed(shelf: Shelf, versions: Versions) -> None:
    rollover = Rollover(shelf.load, versions)
    for _ in range(3):
        rollover.look()
    assert len(shelf.loads) == 1


def test_a_version_that_fails_leaves_the_old_one(
    shelf: Shelf, versions: Versions, caplog: pytest.LogCaptureFixture
) -> None:
    rollover = Rollover(shelf.load, versions)
    versions.choose("person", "9")
    rollover.look()
    line = next(record for record in caplog.records if record.levelno == logging.CRITICAL)
    assert (rollover.loaded.models["person"], line.models) == ("1", {"person": "9"})


def test_a_refused_version_is_not_tried_every_second(shelf: Shelf, versions: Versions) -> None:
    rollover = Rollover(shelf.load, versions)
    versions.choose("person", "9")
    for _ in range(3):
        rollover.look()
    assert shelf.loads.count({"person": "9"}) == 1


def test_a_refused_version_is_tried_again_later(
    shelf: Shelf, versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    rollover = Rollover(shelf.load, versions)
    versions.choose("person", "9")
    for _ in range(2):
        rollover.look()
    assert shelf.loads.count({"person": "9"}) == 2


def test_one_bad_choice_does_not_keep_out_a_good_one(shelf: Shelf, versions: Versions) -> None:
    versions.choose("person", "9")
    versions.choose("zomato_rider", "5")
    rollover = Rollover(shelf.load, versions)
    rollover.look()
    assert rollover.loaded.models == {"person": "1", "zomato_rider": "5"}


def test_the_choice_of_a_model_that_no_pipeline_asks_is_ignored(
    shelf: Shelf, versions: Versions
) -> None:
    rollover = Rollover(shelf.load, versions)
    versions.choose("digits", "2")
    rollover.look()
    assert len(shelf.loads) == 1


def test_a_redis_that_is_away_changes_nothing(shelf: Shelf) -> None:
    away = Versions(connect("redis://127.0.0.1:1/0"))
    rollover = Rollover(shelf.load, away)
    rollover.look()
    assert rollover.loaded.models["person"] == "1"
