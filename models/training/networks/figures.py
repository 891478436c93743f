"""Numbers about scored pictures, for two labels or more, each with a bootstrap interval.

Works on labels (n,), scores (n, labels) and the label that was called (n,). Intervals are 95 %
bootstrap intervals over pictures; they say nothing about cameras that nobody has collected yet.
For more than two labels precision, recall, F1 and the areas are means over labels.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.training.metrics import Measured, area_under_roc

Labels = NDArray[np.int64]
Scores = NDArray[np.float64]
_ROUNDS = 500
_BINS = 10


def call_labels(scores: Scores, threshold: float) -> Labels:
    """Return what is called: of two labels by the threshold, of more the best."""
    if scores.shape[1] == 2:
        return np.asarray(scores[:, 1] >= threshold, np.int64)
    return np.asarray(scores.argmax(axis=1), np.int64)


def measure_all(
    labels: Labels, scores: Scores, threshold: float, *, seed: int = 0
) -> dict[str, Any]:
    """Return counts and every measure with its interval; counts alone where a label is missing."""
    names = range(scores.shape[1])
    counts = np.bincount(labels, minlength=len(names))
    found: dict[str, Any] = {"pictures": len(labels)}
    if len(names) == 2:
        found |= {"negative": int(counts[0]), "positive": int(counts[1])}
    if not counts.all():
        return found
    called = call_labels(scores, threshold)
    rng = np.random.default_rng(seed)
    sides = [np.flatnonzero(labels == label) for label in names]
    drawn = [
        np.concatenate([rng.choice(side, len(side)) for side in sides]) for _ in range(_ROUNDS)
    ]
    every = np.arange(len(labels))
    for name, count in _list_measures(labels, scores, called).items():
        low, high = np.quantile([count(rows) for rows in drawn], [0.025, 0.975])
        found[name] = Measured(value=count(every), low=float(low), high=float(high)).as_dict()
    return found


def _list_measures(
    labels: Labels, scores: Scores, called: Labels
) -> Mapping[str, Callable[[NDArray[np.int64]], float]]:
    names = range(scores.shape[1])
    asked = (1,) if len(names) == 2 else tuple(names)

    def mean(each: Callable[[NDArray[np.int64], int], float], over: tuple[int, ...] = asked) -> Any:
        return lambda rows: float(np.mean([each(rows, label) for label in over]))

    def recall(rows: NDArray[np.int64], label: int) -> float:
        return float((called[rows][labels[rows] == label] == label).mean())

    def precision(rows: NDArray[np.int64], label: int) -> float:
        mine = called[rows] == label
        return float((labels[rows][mine] == label).mean()) if mine.any() else 0.0

    def f1(rows: NDArray[np.int64], label: int) -> float:
        both = precision(rows, label) + recall(rows, label)
        return 2 * precision(rows, label) * recall(rows, label) / both if both else 0.0

    def auc(rows: NDArray[np.int64], label: int) -> float:
        return area_under_roc((labels[rows] == label).astype(np.int8), scores[rows, label])

    def area_pr(rows: NDArray[np.int64], label: int) -> float:
        return average_precision(labels[rows] == label, scores[rows, label])

    measures: dict[str, Callable[[NDArray[np.int64]], float]] = {
        "accuracy": lambda rows: float((called[rows] == labels[rows]).mean()),
        "balanced_accuracy": mean(recall, tuple(names)),
        "precision": mean(precision),
        "recall": mean(recall),
        "f1": mean(f1),
        "auc": mean(auc),
        "auc_pr": mean(area_pr),
        "calibration_error": lambda rows: calibration_error(labels[rows], scores[rows]),
    }
    if len(names) == 2:
        measures["recall_positive"] = lambda rows: recall(rows, 1)
        measures["recall_negative"] = lambda rows: recall(rows, 0)
    return measures


def average_precision(hits: NDArray[np.bool_], scores: Scores) -> float:
    """Return the area under precision over recall (the step form, no interpolation)."""
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(hits[order])
    last = np.r_[np.diff(scores[order]) != 0, True]  # equal scores are one step
    precision = (right / np.arange(1, len(hits) + 1))[last]
    recall = right[last] / hits.sum()
    return float((np.diff(np.r_[0.0, recall]) * precision).sum())


def calibration_error(labels: Labels, scores: Scores) -> float:
    """Return the expected calibration error of the best label's score, in ten bins."""
    best = scores.argmax(axis=1)
    sure, right = scores[np.arange(len(labels)), best], best == labels
    place = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps = [
        (place == one).mean() * abs(sure[place == one].mean() - right[place == one].mean())
        for one in np.unique(place)
    ]
    return float(np.sum(gaps))


def count_confusion(labels: Labels, called: Labels, label_count: int) -> list[list[int]]:
    """Return how often each label (row) was called each label (column)."""
    flat = np.bincount(labels * label_count + called, minlength=label_count**2)
    return [[int(n) for n in row] for row in flat.reshape(label_count, label_count)]
