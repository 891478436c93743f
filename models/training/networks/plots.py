"""Draws what a judged network does: ROC, precision over recall, confusion, calibration, scores."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.training.networks.judge import Judged, OperatingPoint

_MOST_NAMES = 40


def draw_judged(
    folder: Path, title: str, names: tuple[str, ...], judged: Judged, point: OperatingPoint
) -> None:
    """Write roc, precision, confusion, calibration and, of two labels, scores, each .png."""
    folder.mkdir(parents=True, exist_ok=True)
    tried = (1,) if len(names) == 2 else range(min(len(names), _MOST_NAMES))
    shown = [label for label in tried if 0 < (judged.labels == label).sum() < len(judged.labels)]
    text = f"{title}, {judged.split}, n = {len(judged.labels)}"
    for file, draw in (("roc.png", _draw_roc), ("precision.png", _draw_precision)):
        figure = Figure(figsize=(4.5, 4), dpi=100, layout="constrained")
        axes = figure.subplots()
        for label in shown:
            order = np.argsort(-judged.scores[:, label], kind="stable")
            draw(axes, (judged.labels == label)[order], names[label])
        axes.set_title(text, fontsize=9)
        if 0 < len(shown) <= 8:
            axes.legend(fontsize=8)
        figure.savefig(folder / file, metadata={"Software": None})
    _draw_confusion(folder / "confusion.png", text, names, judged)
    _draw_calibration(folder / "calibration.png", text, judged)
    if len(names) == 2:
        _draw_scores(folder / "scores.png", text, names, judged, point)


def _draw_roc(axes: Axes, hits: np.ndarray, name: str) -> None:
    axes.plot(
        np.r_[0, np.cumsum(~hits) / (~hits).sum()],
        np.r_[0, np.cumsum(hits) / hits.sum()],
        label=name,
    )
    axes.set_xlabel("share of the others called so")
    axes.set_ylabel("share found")


def _draw_precision(axes: Axes, hits: np.ndarray, name: str) -> None:
    found = np.cumsum(hits)
    axes.plot(found / hits.sum(), found / np.arange(1, len(hits) + 1), label=name)
    axes.set_xlabel("share found (recall)")
    axes.set_ylabel("share right of those called (precision)")
    axes.set_ylim(0, 1.02)


def _draw_confusion(file: Path, text: str, names: tuple[str, ...], judged: Judged) -> None:
    table = np.array(judged.metrics["confusion"])
    side = 3.2 + 0.28 * min(len(names), _MOST_NAMES)
    figure = Figure(figsize=(side, side), dpi=100, layout="constrained")
    axes = figure.subplots()
    axes.imshow(
        table / np.maximum(table.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1
    )
    if len(names) <= 15:
        for (row, column), count in np.ndenumerate(table):
            dark = count > 0.5 * table[row].sum()
            axes.text(
                column,
                row,
                str(count),
                ha="center",
                va="center",
                color="white" if dark else "black",
            )
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_xlabel("called")
    axes.set_ylabel("is")
    axes.set_title(text, fontsize=9)
    figure.savefig(file, metadata={"Software": None})


def _draw_calibration(file: Path, text: str, judged: Judged) -> None:
    best = judged.scores.argmax(axis=1)
    sure, right = judged.scores.max(axis=1), best == judged.labels
    place = np.minimum((sure * 10).astype(int), 9)
    bins = np.unique(place)
    figure = Figure(figsize=(4.5, 4), dpi=100, layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=0.8)
    axes.plot(
        [sure[place == one].mean() for one in bins],
        [right[place == one].mean() for one in bins],
        marker="o",
    )
    axes.set_xlabel("score of the best label")
    axes.set_ylabel("share right")
    axes.set_title(text, fontsize=9)
    figure.savefig(file, metadata={"Software": None})


def _draw_scores(
    file: Path, text: str, names: tuple[str, ...], judged: Judged, point: OperatingPoint
) -> None:
    figure = Figure(figsize=(6, 3.2), dpi=100, layout="constrained")
    axes = figure.subplots()
    edges = np.linspace(0, 1, 41).tolist()
    for label, colour in enumerate(("#4a6fa5", "#c8452f")):
        mine = judged.scores[judged.labels == label, 1]
        axes.hist(mine, edges, color=colour, alpha=0.65, label=names[label])
    axes.set_yscale("log")
    axes.axvline(point.threshold, color="black", linewidth=1, label=f"threshold {point.threshold}")
    axes.axvspan(*point.unsure, color="#e8c95a", alpha=0.35, label="unsure")
    axes.set_xlabel(f"score of '{names[1]}'")
    axes.set_ylabel("pictures")
    axes.set_title(text, fontsize=9)
    axes.legend(fontsize=8)
    figure.savefig(file, metadata={"Software": None})
