"""Writes the course of a fit: `curves.csv` for programs, `curves.png` for people."""

import csv
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib.figure import Figure


def write_curves(folder: Path, rows: Sequence[dict[str, float]], best_epoch: int) -> None:
    """Write losses and balanced accuracy of every epoch so far."""
    with (folder / "curves.csv").open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    figure = Figure(figsize=(7, 3.2), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in rows]
    for axes, names in ((left, ("loss", "validation_loss")), (right, ("validation_accuracy",))):
        for name in names:
            axes.plot(epochs, [row[name] for row in rows], marker=".", label=name.replace("_", " "))
        axes.axvline(best_epoch, color="#999999", linewidth=0.8, linestyle="--", label="taken")
        axes.set_xlabel("epoch")
        axes.legend(fontsize=8)
    figure.savefig(folder / "curves.png", metadata={"Software": None})
