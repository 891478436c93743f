"""What a pool child loads."""

import pytest

from worker.pool import load_cascades
from worker.settings import WorkerSettings


@pytest.mark.parametrize("threads", [1, 2])
def test_where_there_are_cores_every_pipeline_is_also_loaded_on_several_threads(
    threads: int,
) -> None:
    loaded = load_cascades(WorkerSettings(children=1, lone_threads=threads), {})
    assert set(loaded.lone) == (set(loaded.cascades) if threads > 1 else set())


def test_without_several_threads_a_lone_picture_has_the_usual_cascade() -> None:
    loaded = load_cascades(WorkerSettings(children=1), {})
    assert loaded.choose(is_alone=True) is loaded.cascades
