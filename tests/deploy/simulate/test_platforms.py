"""What is simulated is what is deployed."""

import shutil
from pathlib import Path

import pytest

from deploy.simulate.platforms import DEPLOY, Platform, read_platforms
from deploy.simulate.system import SimulationError, read_start_seconds


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


def test_a_changed_file_changes_the_rule(tmp_path: Path) -> None:
    for name in ("cloudrun", "gke", "appengine"):
        shutil.copytree(DEPLOY / name, tmp_path / name)
    crema = tmp_path / "cloudrun" / "crema.yaml"
    crema.write_text(crema.read_text().replace("maxReplicaCount: ", "maxReplicaCount: 9"))
    found = read_platforms(tmp_path, start_seconds=read_start_seconds())
    assert found[0].rule.most >= 90


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=str(tmp_path)):
        read_platforms(tmp_path, start_seconds=read_start_seconds())
