import numpy as np
import pytest

from models.training.report import set_operating_point
from models.training.run import HeldOut


def _hold(scores: dict[str, list[float]]) -> HeldOut:
    """Hold out people and empty photos, and made pictures of people, in one fold."""
    kinds = [name for name, values in scores.items() for _ in values]
    return HeldOut(
        labels=np.array([kind != "empty" for kind in kinds], np.int8),
        groups=np.array(kinds),
        names=np.array([str(number) for number in range(len(kinds))]),
        folds=np.ones(len(kinds), np.int64),
        made=np.array([kind == "made" for kind in kinds]),
        scores=np.concatenate([np.array(values) for values in scores.values()]),
    )


HELD = _hold({"people": [0.9] * 10, "empty": [0.1] * 7 + [0.6] * 3, "made": [0.3] * 10})


def test_made_pictures_pull_the_threshold_where_every_source_counts() -> None:
    assert 0.1 < set_operating_point(HELD, "sources")[0] <= 0.3


def test_made_pictures_do_not_count_where_photos_do() -> None:
    threshold, (low, high) = set_operating_point(HELD, "photos")
    assert 0.6 < threshold <= 0.9
    assert low < threshold < high


@pytest.mark.parametrize(("pass_below", "threshold"), [(3, 0.11), (40, 0.51)])
def test_of_thresholds_that_do_alike_the_lowest_is_taken(pass_below: int, threshold: float) -> None:
    # Above 0.5 one of 200 people is missed; below it so many of 400 empty photos pass.
    empty = [0.1] * (400 - pass_below) + [0.5] * pass_below
    held = _hold({"people": [0.4] + [0.9] * 199, "empty": empty})
    assert set_operating_point(held, "photos")[0] == threshold
