"""What is simulated is what is deployed."""

import re
import shutil
from pathlib import Path

import pytest

from deploy.settings import ROOT
from deploy.simulate.platforms import Platform, read_platforms
from deploy.simulate.runs import TRIED, read_value
from deploy.simulate.system import SimulationError, read_start_seconds, read_system
from jobs.ledger import BULK_TURN
from jobs.settings import JobsSettings


@pytest.fixture(scope="module")
def platforms() -> dict[str, Platform]:
    return {one.rule.name: one for one in read_platforms(start_seconds=read_start_seconds())}


def test_every_platform_is_read(platforms: dict[str, Platform]) -> None:
    assert set(platforms) == {"cloud run", "kubernetes", "app engine"}


def test_busy_workers_are_counted_by_their_children(platforms: dict[str, Platform]) -> None:
    for name in ("cloud run", "kubernetes"):
        assert platforms[name].rule.running_target == platforms[name].children


def test_app_engine_does_not_scale_its_workers(platforms: dict[str, Platform]) -> None:
    rule = platforms["app engine"].rule
    assert rule.least == rule.most


def copy_files(folder: Path) -> None:
    for name in ("cloudrun", "gke", "appengine"):
        shutil.copytree(ROOT / "deploy" / name, folder / "deploy" / name)
    shutil.copy(ROOT / "app.yaml", folder)


@pytest.mark.parametrize(
    ("place", "file", "old", "new", "name", "expected"),
    [
        (0, "deploy/cloudrun/crema.yaml", "maxReplicaCount: 4", "maxReplicaCount: 9", "most", 9),
        (0, "deploy/cloudrun/crema.yaml", "Interval: 5", "Interval: 7", "poll_seconds", 7),
        (0, "deploy/cloudrun/service.yaml", "currency: 200", "currency: 90", "web.concurrency", 90),
        (0, "deploy/cloudrun/service.yaml", 'minScale: "1"', 'minScale: "2"', "web.least", 2),
        (1, "deploy/gke/web.yaml", "maxReplicas: 6", "maxReplicas: 7", "web.most", 7),
        (1, "deploy/gke/web.yaml", "cpu: 250m", "cpu: 500m", "web.busy_target", 0.3),
        (2, "app.yaml", "max_num_instances: 2", "max_num_instances: 3", "web.most", 3),
        (2, "deploy/appengine/worker.yaml", "instances: 1", "instances: 2", "least", 2),
    ],
)
def test_a_changed_file_changes_what_is_simulated(
    tmp_path: Path, place: int, file: str, old: str, new: str, name: str, expected: float
) -> None:
    copy_files(tmp_path)
    text = (tmp_path / file).read_text()
    assert old in text, "the file has changed: plant the change anew"
    (tmp_path / file).write_text(text.replace(old, new))
    found = read_platforms(tmp_path, start_seconds=read_start_seconds())
    assert read_value(found[place], name) == pytest.approx(expected)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=str(tmp_path)):
        read_platforms(tmp_path, start_seconds=read_start_seconds())


def test_kubernetes_looks_in_its_own_time(platforms: dict[str, Platform]) -> None:
    assert platforms["kubernetes"].rule.poll_seconds == 15


@pytest.mark.parametrize("name", TRIED)
def test_what_is_shipped_was_tried(platforms: dict[str, Platform], name: str) -> None:
    assert read_value(platforms["cloud run"], name) in TRIED[name]


def test_the_page_marks_what_the_files_say(platforms: dict[str, Platform]) -> None:
    page = (ROOT / "docs" / "scaling.md").read_text()
    marked = dict(re.findall(r"^\| `([a-z_.]+)` \| \*\*([\d.]+)\*\* \|", page, re.MULTILINE))
    shipped = {name: f"{read_value(platforms['cloud run'], name):g}" for name in TRIED}
    assert marked == shipped, "run `python -m deploy.simulate run` after a change of the files"


def test_the_limits_are_those_of_the_code() -> None:
    system, settings = read_system(), JobsSettings(redis_url="redis://none")
    assert system.max_waiting == settings.max_waiting
    assert system.answer_seconds == settings.answer_seconds
    assert system.interactive_per_owner == settings.interactive_per_owner
    assert system.bulk_turn == BULK_TURN


@pytest.mark.parametrize("program", ["web", "worker"])
def test_a_start_takes_about_as_long_as_in_the_containers(program: str) -> None:
    found = re.search(
        rf"ok +{program}: ready ([\d.]+) s after its start", (ROOT / "docs/verified.md").read_text()
    )
    assert found
    told = getattr(read_system(), f"{program}_ready_seconds")
    assert told == pytest.approx(float(found[1]), abs=0.6)  # a loaded machine starts as much slower
