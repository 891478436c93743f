"""Draws the plots of an artefact: how well scores rank, and how they lie about the threshold."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib.figure import Figure

from models.training.metrics import area_under_roc
from models.training.recipes import Recipe
from models.training.run import HeldOut

_COLOURS = ("#4a6fa5", "#c8452f")


def draw_plots(
    folder: Path, recipe: Recipe, held: HeldOut, threshold: float, unsure: tuple[float, float]
) -> None:
    """Write roc.png and scores.png from the held-out scores; they show numbers, no pictures."""
    if len(np.unique(held.labels)) == 2:
        _draw_roc(folder / "roc.png", recipe, held)
    _draw_scores(folder / "scores.png", recipe, held, threshold, unsure)


def _draw_roc(file: Path, recipe: Recipe, held: HeldOut) -> None:
    order = np.argsort(-held.scores)
    hits = held.labels[order] == 1
    caught = np.cumsum(hits) / hits.sum()
    false = np.cumsum(~hits) / (~hits).sum()
    figure = Figure(figsize=(4.5, 4), dpi=100, layout="constrained")
    axes = figure.subplots()
    axes.plot(false, caught, color=_COLOURS[1])
    axes.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=0.8)
    axes.set_xlabel(f"share of '{recipe.labels[0]}' called '{recipe.labels[1]}'")
    axes.set_ylabel(f"share of '{recipe.labels[1]}' found")
    area = area_under_roc(held.labels, held.scores)
    axes.set_title(f"{recipe.name}, held out: AUC {area:.4f}, n = {len(held.labels)}", fontsize=9)
    figure.savefig(file, metadata={"Software": None})


def _draw_scores(
    file: Path, recipe: Recipe, held: HeldOut, threshold: float, unsure: tuple[float, float]
) -> None:
    figure = Figure(figsize=(6, 3.2), dpi=100, layout="constrained")
    axes = figure.subplots()
    edges = np.linspace(0, 1, 41)
    for label in (0, 1):
        mine = held.scores[held.labels == label]
        axes.hist(
            mine, edges.tolist(), color=_COLOURS[label], alpha=0.65, label=recipe.labels[label]
        )
    axes.set_yscale("log")
    axes.axvline(threshold, color="black", linewidth=1, label=f"threshold {threshold}")
    axes.axvspan(*unsure, color="#e8c95a", alpha=0.35, label="unsure")
    axes.set_xlabel(f"score of '{recipe.labels[1]}'")
    axes.set_ylabel("held-out pictures")
    axes.legend(fontsize=8)
    figure.savefig(file, metadata={"Software": None})
