"""Judges a fitted network: calibration and threshold from validation, every number from test.

Owns which part may decide what: temperature, threshold and unsure band come from the validation
part alone. The test part is looked at once they are set.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.training.datasets.entries import Split
from models.training.metrics import choose_threshold, find_unsure_band, weigh_groups
from models.training.networks.batches import Part
from models.training.networks.figures import (
    Labels,
    Scores,
    calibration_error,
    call_labels,
    count_confusion,
    measure_all,
)
from models.training.networks.recipe import Aim

Logits = NDArray[np.float64]
WRONG_WHEN_UNSURE = 0.2
_FEW = 5  # pictures of a group or slice that are worth a line


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """How logits become answers."""

    temperature: float
    threshold: float
    unsure: tuple[float, float]
    chosen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The scores of a part and what they amount to."""

    split: Split
    labels: Labels
    scores: Scores  # (n, labels)
    called: Labels
    metrics: dict[str, Any]


def to_scores(logits: Logits, temperature: float = 1.0) -> Scores:
    """Turn logits (n, 1) or (n, labels) into scores (n, labels)."""
    scaled = logits / temperature
    if logits.shape[1] == 1:
        positive = np.exp(-np.logaddexp(0, -scaled[:, 0]))
        return np.stack([1 - positive, positive], axis=1)
    shares = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float64)


def find_temperature(logits: Logits, labels: Labels) -> float:
    """Return the temperature that makes the scores most likely (Guo et al. 2017, section 4.2).

    Between 0.2 and 10; every label counts alike. Labels that are all called right would drive it to
    zero, which says more about the few pictures than about the network.
    """
    weights = _weigh_labels(labels)

    def loss(log_temperature: float) -> float:
        scores = to_scores(logits, float(np.exp(log_temperature)))
        likely = scores[np.arange(len(labels)), labels]
        return float(-(weights * np.log(np.clip(likely, 1e-12, 1))).sum())

    tried = np.linspace(np.log(0.2), np.log(10), 200)
    return round(float(np.exp(min(tried, key=loss))), 4)


def set_point(logits: Logits, labels: Labels, names: tuple[str, ...], aim: Aim) -> OperatingPoint:
    """Choose temperature, threshold and unsure band on the validation part."""
    temperature = find_temperature(logits, labels)
    scores = to_scores(logits, temperature)
    on = f"{len(labels)} validation pictures"
    if len(names) > 2:
        return OperatingPoint(
            temperature=temperature,
            threshold=0.0,
            unsure=(0.0, 1 - WRONG_WHEN_UNSURE),  # a calibrated score is the chance to be right
            chosen=f"none: the best of {len(names)} labels is taken; calibrated on {on}",
        )
    positive, binary = scores[:, 1], labels.astype(np.int8)
    if aim.label is None:
        threshold = choose_threshold(binary, positive, weigh_groups(binary, labels.astype(str)))
        chosen = f"balanced: most right answers, both labels alike, on {on}"
    else:
        threshold = _miss_few(binary, positive, names, aim)
        chosen = f"misses at most {aim.miss_at_most:.1%} of {aim.label} on {on}"
    weights = weigh_groups(binary, labels.astype(str))
    low, high = find_unsure_band(binary, positive, weights, threshold, wrong=WRONG_WHEN_UNSURE)
    return OperatingPoint(
        temperature=temperature,
        threshold=round(threshold, 4),
        unsure=(max(0.0, min(low, threshold)), min(1.0, max(high, threshold))),
        chosen=chosen,
    )


def _miss_few(
    labels: NDArray[np.int8], positive: NDArray[np.float64], names: tuple[str, ...], aim: Aim
) -> float:
    """Return the threshold that misses just as many pictures of a label as it may."""
    if aim.label not in names:
        raise ValueError(f"[aim] label is {aim.label!r}; expected one of {', '.join(names)}")
    wanted = names.index(aim.label)
    mine = np.sort(positive[labels == wanted])
    may = int(np.floor(aim.miss_at_most * len(mine)))
    if wanted == 1:  # called where score >= threshold: the lowest score that must be found
        return float(np.floor(mine[may] * 1e4) / 1e4)
    return float(np.ceil(mine[len(mine) - 1 - may] * 1e4 + 1e-6) / 1e4)


def judge(
    part: Part,
    split: Split,
    logits: Logits,
    pixels: NDArray[np.uint8],
    names: tuple[str, ...],
    point: OperatingPoint,
) -> Judged:
    """Measure a part at the chosen operating point, as a whole and in slices."""
    labels, scores = part.labels, to_scores(logits, point.temperature)
    called = call_labels(scores, point.threshold)
    metrics = measure_all(labels, scores, point.threshold)
    metrics["confusion"] = count_confusion(labels, called, len(names))
    metrics["calibration_error_before"] = round(calibration_error(labels, to_scores(logits)), 4)
    metrics["slices"] = {
        f"{kind}: {value}": _count(labels, called, rows)
        for kind, values in _slice(part, pixels).items()
        for value in sorted(set(values))
        if (rows := np.array([one == value for one in values])).sum() >= _FEW
    }
    return Judged(split=split, labels=labels, scores=scores, called=called, metrics=metrics)


def _slice(part: Part, pixels: NDArray[np.uint8]) -> dict[str, list[str]]:
    """Sort the pictures by source, by light, by colour, and by what the manifest's slices say."""
    slices: dict[str, list[str]] = {"source": [entry.group for entry in part.entries]}
    levels = [float(one.mean()) for one in pixels]
    bounds = ((70, "dark"), (160, "middling"), (256, "bright"))
    slices["light"] = [next(name for most, name in bounds if level < most) for level in levels]
    spread = [float(np.ptp(one.astype(np.int16), axis=2).mean()) for one in pixels]
    slices["colour"] = ["grey" if one < 4 else "coloured" for one in spread]
    sides = [min(entry.width, entry.height) for entry in part.entries]
    slices["shorter side"] = ["under 200 px" if side < 200 else "200 px or more" for side in sides]
    for name in sorted({name for entry in part.entries for name in entry.slices}):
        slices[name] = [entry.slices.get(name, "not said") for entry in part.entries]
    return slices


def _count(labels: Labels, called: Labels, rows: NDArray[np.bool_]) -> dict[str, Any]:
    right = (called == labels)[rows]
    recalls = [right[labels[rows] == label].mean() for label in np.unique(labels[rows])]
    return {
        "pictures": int(rows.sum()),
        "right": int(right.sum()),
        "mean_recall": round(float(np.mean(recalls)), 4),
    }


def _weigh_labels(labels: Labels) -> NDArray[np.float64]:
    count = np.bincount(labels)
    return np.asarray((1 / (count[count > 0].size * count))[labels], np.float64)
