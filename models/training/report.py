"""Turns scores into the numbers of `metrics.json`: overall, per source, beside peers, apart."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.classifiers.loader import load
from models.training.metrics import (
    choose_threshold,
    find_unsure_band,
    measure,
    weigh_groups,
)
from models.training.run import HeldOut

WRONG_WHEN_UNSURE = 0.2  # the unsure band is where at least one answer in five is wrong


def set_operating_point(held: HeldOut, aim: str = "sources") -> tuple[float, tuple[float, float]]:
    """Return the threshold and the unsure band from held-out scores.

    The aim "sources" takes the median over folds of the threshold that is best in each, every
    group counting alike, made pictures too. The best one over all folds together would hang on the
    fold that misses most in training (all animals, say), which the shipped model does not miss.
    The aim "photos" asks the photos of all folds together, both labels counting alike: for folds
    that miss little, and where made pictures are harder than what will come. Where the share of
    right answers hardly changes over a range of thresholds, it takes the lowest of them (within one
    standard error of the best), since to miss somebody is the worse mistake.
    """
    weights = weigh_groups(held.labels, held.groups)
    threshold = _balance_photos(held) if aim == "photos" else _balance_sources(held, weights)
    band = find_unsure_band(held.labels, held.scores, weights, threshold, wrong=WRONG_WHEN_UNSURE)
    return threshold, band


def _balance_photos(held: HeldOut) -> float:
    labels, scores = held.labels[~held.made], held.scores[~held.made]
    tried = np.round(np.arange(0.02, 0.99, 0.01), 2)
    found = np.array([(scores[labels == 1] >= t).mean() for t in tried])
    passed = np.array([(scores[labels == 0] < t).mean() for t in tried])
    right = (found + passed) / 2
    best = int(right.argmax())
    spread = found[best] * (1 - found[best]) / (labels == 1).sum()
    spread += passed[best] * (1 - passed[best]) / (labels == 0).sum()
    return float(tried[right >= right[best] - np.sqrt(spread) / 2][0])


def _balance_sources(held: HeldOut, weights: NDArray[np.float64]) -> float:
    best = []
    for fold in np.unique(held.folds):
        mine = held.folds == fold
        labels = held.labels[mine]
        if len(np.unique(labels)) == 2:
            mine_weights = weigh_groups(labels, held.groups[mine])
            best.append(choose_threshold(labels, held.scores[mine], mine_weights))
    if not best:
        best = [choose_threshold(held.labels, held.scores, weights)]
    return round(float(np.median(best)), 2)


def tell_choice(held: HeldOut, aim: str) -> str:
    """Say how the threshold was chosen, for the manifest."""
    photos, made = int((~held.made).sum()), int(held.made.sum())
    if aim == "photos":
        return (
            f"the lowest within one standard error of most right answers on {photos} held-out "
            "photos of all folds, both labels alike"
        )
    return (
        f"median over {len(np.unique(held.folds))} folds of the best in each, every group alike: "
        f"{photos} photos and {made} made pictures, held out"
    )


def summarise(
    labels: NDArray[np.int8], scores: NDArray[np.float64], threshold: float
) -> dict[str, Any]:
    """Return counts and, where both labels are there, the measures with intervals."""
    summary: dict[str, Any] = {
        "pictures": len(labels),
        "positive": int((labels == 1).sum()),
        "negative": int((labels == 0).sum()),
    }
    if summary["positive"] and summary["negative"]:
        summary |= measure(labels, scores, threshold)
    return summary


def count_groups(
    labels: NDArray[np.int8],
    groups: NDArray[np.str_],
    scores: NDArray[np.float64],
    threshold: float,
    names: tuple[str, str],
) -> list[dict[str, Any]]:
    """Return for each group and label how many pictures there are and how many are right."""
    rows = []
    for label in (1, 0):
        for group in np.unique(groups[labels == label]):
            mine = scores[(labels == label) & (groups == group)]
            right = int(((mine >= threshold) == (label == 1)).sum())
            rows.append(
                {"group": str(group), "label": names[label], "pictures": len(mine), "right": right}
            )
    return rows


def time_artefact(folder: Path, pixels: NDArray[np.uint8], *, rounds: int = 200) -> float:
    """Return the median milliseconds of processor time from fitted pixels to scores.

    The network runs on the calling thread alone, so other load on the machine does not count.
    """
    classifier = load(folder)
    picture = np.asarray(pixels[0])
    took = []
    for _ in range(rounds):
        started = time.thread_time()
        classifier.predict_pixels(picture)
        took.append((time.thread_time() - started) * 1000)
    return round(float(np.median(took)), 2)
