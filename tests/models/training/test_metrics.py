import numpy as np
import pytest

from models.training.metrics import (
    area_under_roc,
    balanced_accuracy,
    choose_threshold,
    find_unsure_band,
    measure,
    weigh_groups,
)


def _scores(seed: int, count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = (rng.random(count) < 0.4).astype(np.int8)
    scores = np.clip(rng.normal(0.35 + 0.3 * labels, 0.15), 0, 1).round(2)
    return labels, scores


def test_area_under_roc_is_the_share_of_pairs_in_the_right_order() -> None:
    labels, scores = _scores(1)
    pairs = scores[labels == 1][:, None] - scores[labels == 0][None]
    expected = (pairs > 0).mean() + (pairs == 0).mean() / 2
    assert area_under_roc(labels, scores) == pytest.approx(expected)


def test_balanced_accuracy_is_one_half_for_a_constant_score() -> None:
    labels, _ = _scores(2)
    assert balanced_accuracy(labels, np.full(len(labels), 0.7), 0.5) == 0.5


def test_intervals_hold_their_values() -> None:
    for found in measure(*_scores(3), 0.5).values():
        assert found["low"] <= found["value"] <= found["high"]


def test_every_group_of_a_label_weighs_the_same() -> None:
    labels = np.array([1] * 10 + [1] * 90 + [0] * 5, np.int8)
    groups = np.array(["a"] * 10 + ["b"] * 90 + ["c"] * 5)
    weights = weigh_groups(labels, groups)
    assert weights[groups == "a"].sum() == pytest.approx(0.25)
    assert weights[groups == "b"].sum() == pytest.approx(0.25)
    assert weights[groups == "c"].sum() == pytest.approx(0.5)


def test_the_threshold_lies_between_labels_that_can_be_told_apart() -> None:
    labels = np.array([0] * 50 + [1] * 50, np.int8)
    scores = np.concatenate([np.linspace(0.1, 0.6, 50), np.linspace(0.8, 0.95, 50)])
    threshold = choose_threshold(labels, scores, np.full(100, 0.01))
    assert 0.6 < threshold < 0.8


def test_the_unsure_band_holds_the_threshold_and_most_of_the_errors() -> None:
    labels, scores = _scores(4, 4000)
    weights = np.full(len(labels), 1 / len(labels))
    threshold = choose_threshold(labels, scores, weights)
    low, high = find_unsure_band(labels, scores, weights, threshold, wrong=0.2)
    wrong = (scores >= threshold) != (labels == 1)
    inside = (scores >= low) & (scores <= high)
    assert low < threshold < high
    assert wrong[inside].mean() > 0.2 > wrong[~inside].mean()
