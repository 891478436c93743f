"""Recipes of networks: what is built and how it is fitted to a dataset, as TOML files.

Owns the format: a recipe with a `[network]` table is one of these. Refuses unknown and missing
entries, so that a misspelt setting is an error and not a default.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from models.manifest import InputSpec
from models.training.networks.augment import Augmentation
from models.training.recipes import RecipeError

RECIPES = Path(__file__).parents[1] / "recipes"
DEFAULT = RECIPES / "own_pictures.toml"
ARCHITECTURES = (
    "seed_cnn",
    "vgg16",
    "efficientnet_lite0",
    "efficientnet_lite1",
    "efficientnet_lite2",
    "mobilenet_v2_1.0",
    "mobilenet_v2_0.35",
    "drawing_cnn",
)
Part = TypeVar("Part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What is built, where its weights come from, and which of them stay as they are."""

    architecture: str
    weights: str = "random"  # "imagenet", "random", or a file (relative to the dataset)
    frozen: str | int = "nothing"  # "nothing", "backbone", or the first block that is fitted
    dropout: float = 0.2  # before the head


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How it is fitted."""

    epochs: int
    batch: int = 32
    rate: float = 1e-3  # highest learning rate, of the layers below the head
    head_rate: float | None = None  # of the head; None: the same
    fall: bool = True  # along half a cosine
    patience: int = 0  # epochs without a lower validation loss before it stops; 0: it goes on
    smoothing: float = 0.0  # of the labels
    class_weights: bool = True  # rare labels count more, so that all count alike
    mixed_precision: bool = True  # on a GPU alone: it makes a CPU slower


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What the threshold is for: the balanced best, or to miss few pictures of one label."""

    label: str | None = None
    miss_at_most: float = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class NetRecipe:
    """All that decides what a training gives, apart from the dataset."""

    name: str
    version: str
    title: str
    seed: int
    input: InputSpec
    network: Network
    schedule: Schedule
    augmentation: Augmentation = field(default_factory=Augmentation)
    aim: Aim = field(default_factory=Aim)
    positive: str | None = None  # of two labels the one that is asked for; None: the later by name
    labels: tuple[str, ...] = ()  # in this order; (): those of the dataset, by name

    def digest(self) -> str:
        """Return a short name for everything that a fit depends on."""
        content = asdict(self)
        for key in ("aim", "title", "version", "name"):
            del content[key]
        text = json.dumps(content, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def is_net_recipe(path: Path) -> bool:
    """Tell whether a file is a recipe of this kind."""
    try:
        return "network" in tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False


def load_net_recipe(path: Path) -> NetRecipe:
    """Read and check a recipe.

    Raises:
        RecipeError: when the file is missing or an entry is missing, unknown or impossible.
    """
    try:
        return parse_net_recipe(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise RecipeError(f"no recipe at {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is no TOML file: {error}") from error
    except (TypeError, ValueError, KeyError) as error:
        raise RecipeError(f"{path}: {error}") from error


def parse_net_recipe(content: Mapping[str, Any]) -> NetRecipe:
    """Turn a recipe's content into a `NetRecipe`.

    Raises:
        TypeError, ValueError, KeyError: when an entry is missing, unknown or impossible.
    """
    rest = dict(content)
    recipe = _build(
        NetRecipe,
        {
            "input": _build(InputSpec, rest.pop("input")),
            "network": _build(Network, rest.pop("network")),
            "schedule": _build(Schedule, rest.pop("schedule")),
            "augmentation": _build(Augmentation, rest.pop("augmentation", {})),
            "aim": _build(Aim, rest.pop("aim", {})),
            "labels": tuple(rest.pop("labels", ())),
            **rest,
        },
    )
    network, schedule = recipe.network, recipe.schedule
    if network.architecture not in ARCHITECTURES:
        raise ValueError(
            f"architecture is {network.architecture!r}; expected one of {', '.join(ARCHITECTURES)}"
        )
    if not (isinstance(network.frozen, int) or network.frozen in ("nothing", "backbone")):
        raise ValueError(f'frozen is {network.frozen!r}; expected "nothing", "backbone" or a block')
    if schedule.epochs < 1 or schedule.batch < 1 or not schedule.rate > 0:
        raise ValueError("epochs, batch and rate must be above zero")
    if not 0 < recipe.aim.miss_at_most < 1:
        raise ValueError(f"miss_at_most is {recipe.aim.miss_at_most}; expected a share, 0.02 say")
    return recipe


def _build(kind: type[Part], content: Mapping[str, Any]) -> Part:
    known = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]  # all are dataclasses
    if unknown := sorted(set(content) - known):
        raise ValueError(f"unknown entries {unknown}; expected some of {sorted(known)}")
    # Lists become tuples: serving keeps tables by input, so an input must be hashable.
    return kind(
        **{key: tuple(one) if isinstance(one, list) else one for key, one in content.items()}
    )
