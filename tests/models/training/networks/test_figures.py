import numpy as np
import pytest

from models.training.networks.figures import (
    average_precision,
    calibration_error,
    call_labels,
    count_confusion,
    measure_all,
)
from models.training.networks.judge import find_temperature, set_point, to_scores
from models.training.networks.recipe import Aim


@pytest.fixture
def logits() -> np.ndarray:
    return LABELS[:, None] * 4.0 - 2.0 + np.random.default_rng(2).normal(0, 2, (600, 1))


LABELS = (np.random.default_rng(1).random(600) < 0.4).astype(np.int64)


def test_counts_give_precision_recall_and_f1() -> None:
    labels = np.array([1, 1, 1, 0, 0, 0, 0, 0])
    positive = np.array([0.9, 0.8, 0.2, 0.7, 0.1, 0.1, 0.2, 0.3])
    found = measure_all(labels, np.stack([1 - positive, positive], axis=1), 0.5)
    values = {name: one["value"] for name, one in found.items() if isinstance(one, dict)}
    assert values["accuracy"] == 0.75
    assert values["precision"] == values["recall"] == values["f1"] == 0.6667
    assert values["balanced_accuracy"] == 0.7333
    assert (found["positive"], found["negative"]) == (3, 5)


def test_intervals_hold_the_value_and_shrink_with_more_pictures(logits: np.ndarray) -> None:
    many = measure_all(LABELS, to_scores(logits), 0.5)["balanced_accuracy"]
    few = measure_all(LABELS[:60], to_scores(logits[:60]), 0.5)["balanced_accuracy"]
    assert many["low"] < many["value"] < many["high"]
    assert few["high"] - few["low"] > 1.5 * (many["high"] - many["low"])


def test_a_missing_label_leaves_counts_alone() -> None:
    scores = np.array([[0.2, 0.8]] * 5)
    found = measure_all(np.ones(5, np.int64), scores, 0.5)
    assert found == {"pictures": 5, "negative": 0, "positive": 5}


def test_average_precision_of_a_known_order() -> None:
    hits = np.array([True, False, True, False])
    scores = np.array([0.9, 0.8, 0.7, 0.1])
    assert average_precision(hits, scores) == pytest.approx((1 + 2 / 3) / 2)


def test_equal_scores_are_one_step_whatever_their_order() -> None:
    scores = np.full(4, 0.5)
    for hits in ([True, False, False, True], [False, True, True, False]):
        assert average_precision(np.array(hits), scores) == pytest.approx(0.5)


def test_confusion_counts_rows_by_truth() -> None:
    called = call_labels(np.array([[0.1, 0.9], [0.6, 0.4], [0.2, 0.8]]), 0.5)
    assert count_confusion(np.array([1, 1, 0]), called, 2) == [[0, 1], [1, 1]]


def test_many_labels_are_measured_as_means() -> None:
    scores = np.eye(3)[[0, 1, 2, 2]] * 0.7 + 0.1
    found = measure_all(np.array([0, 1, 2, 1]), scores, 0.0)
    assert found["accuracy"]["value"] == 0.75
    assert found["balanced_accuracy"]["value"] == 0.8333


def test_temperature_mends_scores_that_are_too_sure(logits: np.ndarray) -> None:
    calm = find_temperature(logits, LABELS)
    sure = find_temperature(5 * logits, LABELS)
    assert sure == pytest.approx(5 * calm, rel=0.1)
    mended = calibration_error(LABELS, to_scores(5 * logits, sure))
    assert mended < 0.5 * calibration_error(LABELS, to_scores(5 * logits))


@pytest.mark.parametrize("label", ["guest", "rider"])
def test_an_aim_misses_few_pictures_of_its_label(logits: np.ndarray, label: str) -> None:
    names = ("guest", "rider")
    point = set_point(logits, LABELS, names, Aim(label=label, miss_at_most=0.02))
    called = call_labels(to_scores(logits, point.temperature), point.threshold)
    wanted = names.index(label)
    mine = wanted == LABELS
    missed = int((called[mine] != LABELS[mine]).sum())
    assert missed == int(0.02 * mine.sum())


def test_the_threshold_lies_in_the_unsure_band(logits: np.ndarray) -> None:
    point = set_point(logits, LABELS, ("guest", "rider"), Aim())
    assert point.unsure[0] <= point.threshold <= point.unsure[1]


def test_of_many_labels_one_answer_in_five_is_wrong_where_the_band_begins() -> None:
    random = np.random.default_rng(3)
    labels = random.integers(0, 3, 9000)
    logits = 5 * (2.0 * np.eye(3)[labels] + random.normal(0, 1, (9000, 3)))  # far too sure
    point = set_point(logits, labels, ("one", "two", "three"), Aim())
    scores = to_scores(logits, point.temperature)
    right = scores.argmax(axis=1) == labels
    at_the_edge = np.abs(scores.max(axis=1) - point.unsure[1]) < 0.05
    assert right[at_the_edge].mean() == pytest.approx(0.8, abs=0.05)
