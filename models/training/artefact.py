"""Builds the whole artefact of a run: model file, manifest, golden inputs, numbers, plots, card."""

import datetime
import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.training.architectures import join
from models.training.backbones import name_origin
from models.training.card import write_card
from models.training.export import convert_int8, score_artefact, write_artefact
from models.training.fit import score
from models.training.peers import score_peer
from models.training.plots import draw_plots
from models.training.progress import say
from models.training.recipes import Recipe
from models.training.report import (
    count_groups,
    set_operating_point,
    summarise,
    tell_choice,
    time_artefact,
)
from models.training.run import HeldOut, Prepared, Run

FEW = 40  # real positives that are worth naming one by one


def build_artefact(run: Run, prepared: Prepared, held: HeldOut, folder: Path) -> dict[str, Any]:
    """Fit on everything, export to int8, measure, and write the artefact; return its metrics."""
    recipe = run.recipe
    threshold, unsure = set_operating_point(held, recipe.aim)
    trunk, tail = run.fit_all(prepared)
    say("export: quantising")
    shown = prepared.trained.pixels[: recipe.fit.calibrated_on]
    content = convert_int8(join(trunk, tail), recipe.input, shown)
    write_artefact(
        folder,
        recipe,
        content,
        threshold=threshold,
        unsure=unsure,
        threshold_chosen=tell_choice(held, recipe.aim),
        provenance=_note(recipe),
    )
    metrics = {
        "threshold": threshold,
        "unsure": list(unsure),
        "held_out": _measure_held(recipe, held, threshold),
        "peers": _measure_peers(run, held),
        "apart": _measure_apart(run, prepared, folder, threshold),
        "parity": _compare_parity(prepared, tail, folder, threshold),
        "milliseconds": time_artefact(folder, prepared.trained.pixels),
        "bytes": len(content),
    }
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", "utf-8")
    draw_plots(folder, recipe, held, threshold, unsure)
    write_card(folder, recipe, metrics)
    return metrics


def _note(recipe: Recipe) -> dict[str, Any]:
    tools = [
        f"{name} {importlib.metadata.version(name)}" for name in ("tensorflow", "keras", "numpy")
    ]
    return {
        "recipe": f"models/training/recipes/{recipe.name}.toml",
        "data": ", ".join(folder.path for folder in recipe.folders),
        "backbone": name_origin(recipe),
        "licence": "backbone Apache-2.0; see MODEL_CARD.md for the pictures",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "tools": ", ".join(tools),
    }


def _measure_held(recipe: Recipe, held: HeldOut, threshold: float) -> dict[str, Any]:
    """Measure photos and made pictures apart; each by the fold model that never saw them."""
    found: dict[str, Any] = {}
    for name, rows in (("photos", ~held.made), ("made", held.made)):
        if rows.any():
            labels, scores = held.labels[rows], held.scores[rows]
            found[name] = summarise(labels, scores, threshold)
            found[f"{name}_by_group"] = count_groups(
                labels, held.groups[rows], scores, threshold, recipe.labels
            )
    found["photos_of"] = _measure_mixed(
        held.labels, held.groups, held.scores, ~held.made, threshold
    )
    positives = ~held.made & (held.labels == 1)
    if 0 < positives.sum() <= FEW:
        listed = zip(held.names[positives], held.scores[positives], strict=True)
        found["positives"] = {str(name): round(float(value), 3) for name, value in listed}
    return found


def _measure_mixed(
    labels: NDArray[np.int8],
    groups: NDArray[np.str_],
    scores: NDArray[np.float64],
    rows: NDArray[np.bool_],
    threshold: float,
) -> dict[str, Any]:
    """Measure each source that has pictures of both labels by itself: a camera is one, say."""
    found = {}
    for group in np.unique(groups[rows]):
        mine = rows & (groups == group)
        if len(np.unique(labels[mine])) == 2:
            found[str(group)] = summarise(labels[mine], scores[mine], threshold)
    return found


def _measure_peers(run: Run, held: HeldOut) -> dict[str, Any]:
    """Score the peers on exactly the held-out photos; their threshold is 0.5."""
    found = {}
    for name, path in run.recipe.peers.items():
        file = run.data / path
        if file.exists():
            pictures = run.read_for_peer(96)
            scores = score_peer(file, pictures.pixels)
            known = np.isin(pictures.names, held.names)
            found[name] = summarise(pictures.labels[known], scores[known], 0.5)
            found[name]["photos_of"] = _measure_mixed(
                pictures.labels, pictures.groups, scores, known, 0.5
            )
    return found


def _measure_apart(run: Run, prepared: Prepared, folder: Path, threshold: float) -> dict[str, Any]:
    """Score pictures that no step used with the file that is shipped, and the peers on them."""
    if prepared.apart is None:
        return {}
    apart = prepared.apart
    found = {"this": summarise(apart.labels, score_artefact(folder, apart.pixels), threshold)}
    for name, path in run.recipe.peers.items():
        if (run.data / path).exists():
            pictures = run.read_for_peer(96, apart=True)
            scores = score_peer(run.data / path, pictures.pixels)
            found[name] = summarise(pictures.labels, scores, 0.5)
    return found


def _compare_parity(
    prepared: Prepared, tail: Any, folder: Path, threshold: float
) -> dict[str, float]:
    """Compare the int8 file with the float network on up to 600 held pictures."""
    held = prepared.photos
    rows = np.unique(np.linspace(0, len(held.labels) - 1, 600).astype(np.int64))
    exact = score(tail, prepared.photos_activations, rows)
    quantised = score_artefact(folder, held.pixels[rows])
    same = (exact >= threshold) == (quantised >= threshold)
    return {
        "pictures": len(rows),
        "same_answer": round(float(same.mean()), 4),
        "mean_difference": round(float(np.abs(exact - quantised).mean()), 4),
    }
