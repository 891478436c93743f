"""The catalogue: which pipelines there are, which models they ask, and where those are.

Owns `pipelines.toml` and the layout of the folder of artefacts. Standard library only, so that the
web process can name pipelines without numpy. Refuses a pipeline that names no label to pass on or
has no text for an outcome; labels are compared with manifests when a cascade is loaded.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from models.errors import CatalogueError
from models.manifest import (
    GoldenSpec,
    InputSpec,
    Manifest,
    OutputSpec,
    format_manifest,
    load_manifest,
)
from models.tables import SLUG, Table

__all__ = [
    "ARTEFACTS_ROOT",
    "PIPELINES_FILE",
    "GoldenSpec",
    "InputSpec",
    "Manifest",
    "OutputSpec",
    "Pipeline",
    "Stage",
    "artefact_folder",
    "format_manifest",
    "load_manifest",
    "load_pipelines",
]

PIPELINES_FILE = Path(__file__).with_name("pipelines.toml")
ARTEFACTS_ROOT = Path(__file__).with_name("artefacts")

# What a person hands in. Another mode (a drawing) is a new word here and a step in image.py.
InputMode = Literal["photo"]
INPUT_MODES: tuple[InputMode, ...] = ("photo",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One question that a pipeline asks of one model, and the label that lets it go on."""

    name: str
    model: str
    version: str  # the version to start with; a worker may be told another one
    question: str
    passes_on: str | None  # None: the last stage of a pipeline that takes the best label as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Named, ordered stages and the text of each outcome, by the label of the stage that ended."""

    slug: str
    title: str
    description: str
    input: InputMode
    stages: tuple[Stage, ...]
    texts: Mapping[str, str]


def load_pipelines(path: Path = PIPELINES_FILE) -> Mapping[str, Pipeline]:
    """Read and check every pipeline, by slug, in the order of the file.

    Raises:
        CatalogueError: When the file is missing, or an entry is missing, unknown or impossible.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CatalogueError(f"{path} is missing: expected the list of pipelines") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path} is no TOML file: {error}") from error
    top = Table(content, str(path), CatalogueError)
    pipelines: dict[str, Pipeline] = {}
    for table in top.tables("pipeline"):
        pipeline = _parse_pipeline(table)
        if pipeline.slug in pipelines:
            raise table.refuse("slug", "used once", pipeline.slug)
        pipelines[pipeline.slug] = pipeline
    top.refuse_rest()
    return MappingProxyType(pipelines)


def artefact_folder(model: str, version: str, root: Path = ARTEFACTS_ROOT) -> Path:
    """Say where the artefact of a model's version lies (it need not exist).

    Raises:
        CatalogueError: When a name could lead out of `root`.
    """
    for kind, name in (("model", model), ("version", version)):
        if not SLUG.fullmatch(name):
            raise CatalogueError(
                f"{name!r} is no {kind}: expected letters, digits, _ - and single dots"
            )
    return root / model / version


def order_version(version: str) -> list[tuple[int, str]]:
    """Return what puts versions in order by the numbers in them: 2 before 10, 1.9 before 1.10."""
    parts = re.findall(r"(\d+)|(\D+)", version)
    return [(int(number or -1), text) for number, text in parts]


def _parse_pipeline(table: Table) -> Pipeline:
    stages = tuple(_parse_stage(stage) for stage in table.tables("stage"))
    texts = table.table("texts").all_texts()
    pipeline = Pipeline(
        slug=table.slug("slug"),
        title=table.text("title"),
        description=table.text("description"),
        input=table.choice("input", INPUT_MODES),
        stages=stages,
        texts=MappingProxyType(texts),
    )
    table.refuse_rest()
    names = [stage.name for stage in stages]
    if len(set(names)) != len(names):
        raise table.refuse("stage", "differently named stages", names)
    gates = [stage.passes_on for stage in stages]
    if None in gates[:-1]:
        raise table.refuse("passes_on", "given in every stage but the last", gates)
    return pipeline


def _parse_stage(table: Table) -> Stage:
    stage = Stage(
        name=table.slug("name"),
        model=table.slug("model"),
        version=table.slug("version"),
        question=table.text("question"),
        passes_on=table.text("passes_on") if "passes_on" in table else None,
    )
    table.refuse_rest()
    return stage
