"""Writes a model card: the prose beside the recipe, with the numbers of this run filled in.

The prose is `recipes/<name>.card.md`; `$name` in it stands for a generated part. Without a file
the card holds the numbers alone.
"""

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from models.training.recipes import Recipe

PROSE = Path(__file__).parent / "recipes"
_PLAIN = "# $title\n\n$facts\n\n## Held out\n\n$held\n\n$groups\n\n## Apart\n\n$apart\n"


def write_card(folder: Path, recipe: Recipe, metrics: Mapping[str, Any]) -> None:
    """Write MODEL_CARD.md into an artefact's folder."""
    prose = PROSE / f"{recipe.name}.card.md"
    text = prose.read_text("utf-8") if prose.exists() else _PLAIN
    held = metrics["held_out"]
    parts = {
        "title": recipe.title,
        "facts": _tell_facts(recipe, metrics),
        "held": _tabulate({"this model": held.get("photos", {}), **metrics["peers"]}),
        "made": _tabulate({"this model": held.get("made", {})}),
        "mixed": _tabulate(_list_mixed(held, metrics["peers"])),
        "photos_balanced": _tell_balanced(held.get("photos", {})),
        "made_balanced": _tell_balanced(held.get("made", {})),
        "groups": _tabulate_groups(held.get("photos_by_group", [])),
        "made_groups": _tabulate_groups(held.get("made_by_group", [])),
        "apart": _tabulate(metrics["apart"]),
        "positives": _list_positives(held.get("positives", {})),
    }
    (folder / "MODEL_CARD.md").write_text(Template(text).substitute(parts), "utf-8")


def _tell_facts(recipe: Recipe, metrics: Mapping[str, Any]) -> str:
    low, high = metrics["unsure"]
    parity = metrics["parity"]
    return (
        f"Version {recipe.version}; labels {recipe.labels[0]} and {recipe.labels[1]}; input "
        f"{recipe.input.width} x {recipe.input.height} RGB; int8, {metrics['bytes'] / 1e6:.1f} MB; "
        f"{metrics['milliseconds']} ms of processor time a picture on one core of the busy machine "
        "that exported it. "
        f"Threshold {metrics['threshold']}, unsure from {low} to {high}. The int8 file gives the "
        f"float network's answer on {parity['same_answer']:.1%} of {parity['pictures']} pictures."
    )


def _tabulate(rows: Mapping[str, Mapping[str, Any]]) -> str:
    columns = ("balanced_accuracy", "auc", "recall_positive", "recall_negative")
    lines = [
        "| model | pictures (pos / neg) | balanced accuracy | AUC | positives found "
        "| negatives right |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in rows.items():
        if "auc" in found:
            cells = " | ".join(_show(found[column], column) for column in columns)
            count = f"{found['pictures']} ({found['positive']} / {found['negative']})"
            lines.append(f"| {name} | {count} | {cells} |")
    return "\n".join(lines) if len(lines) > 2 else "Not measured."


def _tell_balanced(found: Mapping[str, Any]) -> str:
    if "balanced_accuracy" not in found:
        return "not measured"
    return _show(found["balanced_accuracy"], "balanced_accuracy")


def _list_mixed(
    held: Mapping[str, Any], peers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """List the sources that have pictures of both labels, the model's line first, then peers'."""
    rows = {}
    for source, found in held.get("photos_of", {}).items():
        rows[f"{source}: this model"] = found
        for peer, measured in peers.items():
            rows[f"{source}: {peer}"] = measured.get("photos_of", {}).get(source, {})
    return rows


def _show(measured: Mapping[str, float], column: str) -> str:
    value, low, high = (measured[key] for key in ("value", "low", "high"))
    if column == "auc":
        return f"{value:.4f} [{low:.4f}, {high:.4f}]"
    return f"{value:.1%} [{low:.1%}, {high:.1%}]"


def _tabulate_groups(rows: list[Mapping[str, Any]]) -> str:
    lines = ["| group | label | right | of |", "|---|---|---|---|"]
    lines += [f"| {r['group']} | {r['label']} | {r['right']} | {r['pictures']} |" for r in rows]
    return "\n".join(lines) if rows else "None."


def _list_positives(scores: Mapping[str, float]) -> str:
    """Name each real positive with its held-out score, worst first, where there are few."""
    ordered = sorted(scores.items(), key=lambda pair: pair[1])
    return ", ".join(f"{Path(name).stem} {score:.2f}" for name, score in ordered) or "None."
