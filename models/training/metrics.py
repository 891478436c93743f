"""Numbers about scores: accuracy, ranking, their uncertainty, and where to put the threshold.

Everything here works on labels (0 or 1) and scores in [0, 1] alone. Intervals are 95 % bootstrap
intervals over pictures; they say nothing about sources that nobody has collected yet.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int8]
Scores = NDArray[np.float64]
_ROUNDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One number with its 95 % interval."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Return it rounded for JSON."""
        return {key: round(getattr(self, key), 4) for key in ("value", "low", "high")}


def balanced_accuracy(labels: Labels, scores: Scores, threshold: float) -> float:
    """Return the mean of the shares of positives and of negatives that are called right."""
    passed = scores >= threshold
    return float((passed[labels == 1].mean() + (~passed[labels == 0]).mean()) / 2)


def area_under_roc(labels: Labels, scores: Scores) -> float:
    """Return the chance that a positive scores above a negative, ties counted half."""
    _values, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positives = int((labels == 1).sum())
    negatives = len(labels) - positives
    above = ranks[labels == 1].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def measure(
    labels: Labels, scores: Scores, threshold: float, *, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Return balanced accuracy, recall of both labels and AUC, each with its interval."""
    rng = np.random.default_rng(seed)
    sides = [np.flatnonzero(labels == label) for label in (0, 1)]
    drawn = [
        np.concatenate([rng.choice(side, len(side)) for side in sides]) for _ in range(_ROUNDS)
    ]

    def recall_of(label: int, rows: NDArray[np.int64]) -> float:
        mine = scores[rows][labels[rows] == label]
        return float(((mine >= threshold) == (label == 1)).mean())

    every = np.arange(len(labels))
    found = {}
    counts: tuple[tuple[str, Callable[[NDArray[np.int64]], float]], ...] = (
        (
            "balanced_accuracy",
            lambda rows: balanced_accuracy(labels[rows], scores[rows], threshold),
        ),
        ("recall_positive", lambda rows: recall_of(1, rows)),
        ("recall_negative", lambda rows: recall_of(0, rows)),
        ("auc", lambda rows: area_under_roc(labels[rows], scores[rows])),
    )
    for name, count in counts:
        low, high = np.quantile([count(rows) for rows in drawn], [0.025, 0.975])
        found[name] = Measured(value=count(every), low=float(low), high=float(high)).as_dict()
    return found


def weigh_groups(labels: Labels, groups: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return weights with which every group of a label counts alike, and both labels do."""
    weights = np.zeros(len(labels))
    for label in (0, 1):
        names = np.unique(groups[labels == label])
        for name in names:
            rows = (labels == label) & (groups == name)
            weights[rows] = 0.5 / len(names) / rows.sum()
    return weights


def choose_threshold(labels: Labels, scores: Scores, weights: NDArray[np.float64]) -> float:
    """Return the threshold that makes the weighted share of right answers largest.

    Of thresholds that are equally good it is the middle one, rounded to 0.01.
    """
    tried = np.round(np.arange(0.02, 0.99, 0.01), 2)
    right = np.array([(weights * ((scores >= t) == (labels == 1))).sum() for t in tried])
    best = tried[right >= right.max() - 1e-9]
    return float(best[len(best) // 2])


def find_unsure_band(
    labels: Labels, scores: Scores, weights: NDArray[np.float64], threshold: float, *, wrong: float
) -> tuple[float, float]:
    """Return the scores between which an answer is wrong more often than `wrong`.

    A logistic curve is fitted to the logit of the score; the band is where it lies between `wrong`
    and 1 - `wrong`. It always holds the threshold.
    """
    logits = np.log(np.clip(scores, 1e-4, 1 - 1e-4) / np.clip(1 - scores, 1e-4, 1))
    slope, offset = _fit_logistic(logits, labels, weights)
    edge = np.log((1 - wrong) / wrong)
    low, high = (1 / (1 + np.exp(-(target - offset) / slope)) for target in (-edge, edge))
    return (
        round(float(min(low, threshold - 0.02)), 2),
        round(float(max(high, threshold + 0.02)), 2),
    )


def _fit_logistic(
    logits: NDArray[np.float64], labels: Labels, weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Fit P(positive) = 1 / (1 + exp(-(slope * logit + offset))) by Newton's method."""
    rows = np.stack([logits, np.ones_like(logits)], axis=1)  # (n, 2)
    found = np.array([1.0, 0.0])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(rows @ found, -30, 30)))
        slope = rows.T @ (weights * (chance - labels)) + 1e-4 * found
        curve = (rows * (weights * chance * (1 - chance))[:, None]).T @ rows + 1e-4 * np.eye(2)
        found -= np.linalg.solve(curve, slope)
    return float(max(found[0], 0.05)), float(found[1])
