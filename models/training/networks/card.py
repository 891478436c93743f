"""Writes the model card of a network: what it is, what it was measured on, how sure that is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.manifest import Manifest
from models.training.networks.recipe import NetRecipe

_SHOWN = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "auc": "area under ROC",
    "auc_pr": "area under precision/recall",
    "calibration_error": "calibration error",
}


def write_card(
    folder: Path, recipe: NetRecipe, manifest: Manifest, metrics: Mapping[str, Any]
) -> None:
    """Write MODEL_CARD.md into an artefact's folder."""
    held = metrics["held_out"]["photos"]
    spec, output = manifest.input, manifest.output
    parts = [
        f"# {manifest.title}",
        f"Labels {', '.join(manifest.labels)}; {recipe.network.architecture}, weights "
        f"{recipe.network.weights}; input {spec.width} x {spec.height} RGB; {metrics['chosen']}, "
        f"{metrics['bytes'] / 1e6:.1f} MB; {metrics['milliseconds']} ms of processor time a "
        "picture on one core of the machine that exported it.",
        f"Threshold {output.threshold}, unsure from {output.unsure[0]} to {output.unsure[1]}; "
        f"{output.threshold_chosen}. Temperature {metrics['temperature']}.",
        "## Pictures",
        _tabulate_counts(manifest.labels, metrics["counts"]),
        f"Licences: {manifest.provenance['licence']}. No picture of one group (clip, camera, day) "
        "and none that looks like another stands in two columns.",
        f"## Measured on {metrics['split']}",
        _tabulate(held),
        "Intervals are 95 % bootstrap intervals over pictures; they do not cover how much a new "
        "camera may differ." + _warn(metrics),
        "### Confusion",
        _tabulate_confusion(manifest.labels, held["confusion"]),
        "### Parts of it",
        _tabulate_slices(held["slices"]),
        "## File",
        f"{metrics['chosen']}: {metrics['why']}. Parity with the network it came from, on "
        f"{metrics['variants'][metrics['chosen']]['pictures']} pictures: the same answer on "
        f"{metrics['variants'][metrics['chosen']]['same_answer']:.1%}, scores differ by "
        f"{metrics['variants'][metrics['chosen']]['largest_difference']} at most.",
        "## Not for",
        "Deciding about people without a person who looks, and pictures unlike those above.",
    ]
    (folder / "MODEL_CARD.md").write_text("\n\n".join(parts) + "\n", "utf-8")


def _warn(metrics: Mapping[str, Any]) -> str:
    if metrics["split"] == "test":
        return ""
    return (
        " There were no test pictures: threshold and numbers come from the same ones and flatter."
    )


def _tabulate_counts(labels: tuple[str, ...], counts: Mapping[str, Mapping[str, int]]) -> str:
    lines = [f"| label | {' | '.join(counts)} |", "|---" * (len(counts) + 1) + "|"]
    for label in labels:
        cells = " | ".join(str(counts[split][label]) for split in counts)
        lines.append(f"| {label} | {cells} |")
    return "\n".join(lines)


def _tabulate(held: Mapping[str, Any]) -> str:
    lines = ["| measure | value | from | to |", "|---|---|---|---|"]
    for key, name in _SHOWN.items():
        if key in held:
            one = held[key]
            lines.append(f"| {name} | {one['value']:.3f} | {one['low']:.3f} | {one['high']:.3f} |")
    return "\n".join(lines)


def _tabulate_confusion(labels: tuple[str, ...], table: list[list[int]]) -> str:
    lines = [f"| is / called | {' | '.join(labels)} |", "|---" * (len(labels) + 1) + "|"]
    for label, row in zip(labels, table, strict=True):
        lines.append(f"| {label} | {' | '.join(str(count) for count in row)} |")
    return "\n".join(lines)


def _tabulate_slices(slices: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["| pictures | right | of | mean recall |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {one['right']} | {one['pictures']} | {one['mean_recall']:.1%} |"
        for name, one in slices.items()
    ]
    return "\n".join(lines)
