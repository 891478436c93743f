"""Each rule fires on a mistake planted for it, at the right line, and no other rule does."""

import copy
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.doctor.check import RULES, check
from deploy.doctor.project import ROOT, Project
from tests.deploy.doctor.plants import ENGINE, PLANTS, POOL, SERVICE, Plant

FACT_LOST = "fact-lost"  # said by the check itself, when a rule's fact is gone


def test_the_shipped_files_are_sound() -> None:
    assert check(Project()) == []


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_a_planted_mistake_is_found_and_nothing_else(plant: Plant) -> None:
    text = (ROOT / plant.file).read_text()
    assert plant.old in text, "the file has changed: plant the mistake anew"
    planted = text.replace(plant.old, plant.new, 1)
    found = check(Project(overrides={plant.file: planted}))
    assert {finding.rule for finding in found} == {plant.rule}
    place = found[0]
    assert place.file == (plant.reported or plant.file)
    lines = (planted if place.file == plant.file else (ROOT / place.file).read_text()).splitlines()
    assert (plant.at or plant.new.strip().splitlines()[0]) in lines[place.line - 1]
    assert place.what
    assert place.why
    assert place.how


@pytest.mark.parametrize(
    ("file", "wrong", "right"),
    [
        (SERVICE, "containerConcurency", "containerConcurrency"),
        (SERVICE, "run.googleapis.com/cpu-throtling", "run.googleapis.com/cpu-throttling"),
        (POOL, "SPOTTER_HEALTHPORT", "SPOTTER_HEALTH_PORT"),
        (ENGINE, "${PROJEKT_ID}", "PROJECT_ID"),
    ],
)
def test_a_typing_error_is_answered_with_the_word(file: str, wrong: str, right: str) -> None:
    old = "${PROJECT_ID}" if wrong.startswith("$") else right
    planted = (ROOT / file).read_text().replace(old, wrong)
    assert wrong in planted
    whats = [finding.what for finding in check(Project(overrides={file: planted}))]
    assert any(what.endswith(f": do you mean {right}?") for what in whats)


def test_every_rule_has_its_planted_mistake() -> None:
    assert {rule.code for rule in RULES} | {FACT_LOST} == {plant.rule for plant in PLANTS}


def test_codes_are_unique_and_plain() -> None:
    codes = [rule.code for rule in RULES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", code) for code in codes)


def test_a_missing_file_is_no_crash() -> None:
    gone: dict[str, str | None] = dict.fromkeys(Project().yaml_files)
    for path in gone:
        check(Project(overrides={path: None}))


@pytest.mark.parametrize("path", Project().yaml_files)
def test_values_of_odd_types_are_no_crash(path: str) -> None:
    documents = list(yaml.safe_load_all((ROOT / path).read_text()))
    chance = random.Random(path)
    for _ in range(3):
        odd = copy.deepcopy(documents)
        place, key = chance.choice([spot for one in odd for spot in list_places(one)])
        place[key] = chance.choice([None, "x", 3, [1], {"a": 1}, True])
        check(Project(overrides={path: yaml.safe_dump_all(odd)}))


def list_places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every mapping and list below, each with every key."""
    if isinstance(data, dict | list):
        for key in data if isinstance(data, dict) else range(len(data)):
            yield data, key
            yield from list_places(data[key])


def test_another_folder_may_be_checked(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text("env: standard\n")
    found = {finding.rule for finding in check(Project(tmp_path))}
    assert {"gae-environment", FACT_LOST} <= found
