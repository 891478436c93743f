"""Settings of the workers come from the environment, or say why they cannot."""

import pytest

from jobs.errors import SettingError
from models.catalogue import ARTEFACTS_ROOT
from worker.settings import WorkerSettings


def test_by_default_there_is_a_child_a_core() -> None:
    assert WorkerSettings.from_env({}, cores=3).children == 3


def test_workers_sets_the_number_of_children() -> None:
    assert WorkerSettings.from_env({"WORKERS": "2"}, cores=3).children == 2


def test_the_models_are_those_of_the_image_by_default() -> None:
    assert WorkerSettings.from_env({}, cores=1).models_root == ARTEFACTS_ROOT


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "²"])
def test_a_bad_number_of_workers_names_the_variable(text: str) -> None:
    with pytest.raises(SettingError, match="WORKERS"):
        WorkerSettings.from_env({"WORKERS": text}, cores=1)


def test_a_folder_of_models_that_is_none_names_the_variable() -> None:
    with pytest.raises(SettingError, match="SPOTTER_MODELS"):
        WorkerSettings.from_env({"SPOTTER_MODELS": "/nowhere"}, cores=1)


def test_the_limit_of_memory_can_be_lifted() -> None:
    assert WorkerSettings.from_env({"SPOTTER_WORKER_MEMORY_MB": "0"}, cores=1).memory_mb == 0


def test_a_limit_that_no_child_can_live_with_names_the_variable() -> None:
    with pytest.raises(SettingError, match="SPOTTER_WORKER_MEMORY_MB must be at least 256, or 0"):
        WorkerSettings.from_env({"SPOTTER_WORKER_MEMORY_MB": "255"}, cores=1)


def test_a_health_port_that_there_is_not_names_the_variable() -> None:
    with pytest.raises(SettingError, match=r"SPOTTER_HEALTH_PORT .* from 0 to 65535, not '65536'"):
        WorkerSettings.from_env({"SPOTTER_HEALTH_PORT": "65536"}, cores=1)


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 2), (8, 2)])
def test_a_lone_picture_gets_two_threads_where_there_are_two_cores(
    cores: int, threads: int
) -> None:
    assert WorkerSettings.from_env({}, cores=cores).lone_threads == threads


def test_the_threads_of_a_lone_picture_can_be_set() -> None:
    assert WorkerSettings.from_env({"SPOTTER_LONE_THREADS": "1"}, cores=2).lone_threads == 1


def test_no_threads_at_all_names_the_variable() -> None:
    with pytest.raises(SettingError, match=r"SPOTTER_LONE_THREADS .* from 1 to 16, not '0'"):
        WorkerSettings.from_env({"SPOTTER_LONE_THREADS": "0"}, cores=2)
