"""The manifest of a dataset: one row a picture in `manifest.csv`, with its hashes and its split.

Owns the format. Refuses a table with missing columns or an unknown split, so that a training never
starts on half a dataset.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from models.errors import ModelError

MANIFEST_NAME = "manifest.csv"
DROPPED_NAME = "dropped.csv"
SLICE = "slice_"  # columns with this prefix are kept and measured one by one
_COLUMNS = (
    "file",
    "label",
    "split",
    "group",
    "sha256",
    "dhash",
    "width",
    "height",
    "licence",
    "origin",
)


class DatasetError(ModelError):
    """A dataset or what it is made from is missing or malformed."""


class Split(StrEnum):
    """What a picture is for: to fit, to choose settings and thresholds, to measure in the end."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One picture of a dataset."""

    file: str  # below the dataset's folder
    label: str
    split: Split
    group: str  # pictures of one group (clip, camera, day) stand on one side
    sha256: str  # of the file
    dhash: int  # 64 bits, see duplicates.py
    width: int  # pixels
    height: int
    licence: str
    origin: str  # the path or address it came from
    slices: Mapping[str, str] = field(default_factory=dict)  # light = night, person = small ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A picture that was not taken, and why."""

    origin: str
    label: str
    reason: str


def read_manifest(folder: Path) -> list[Entry]:
    """Read a dataset's manifest, in its order.

    Raises:
        DatasetError: when it is missing or malformed.
    """
    path = folder / MANIFEST_NAME
    try:
        with path.open(encoding="utf-8", newline="") as opened:
            return [_parse(row) for row in csv.DictReader(opened)]
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path} is missing: make the dataset with python -m models.training prepare"
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{path} is no manifest of a dataset: {error!r}") from error


def write_manifest(folder: Path, entries: Iterable[Entry]) -> None:
    """Write a dataset's manifest; a reader sees the old one or the new one, never a part."""
    entries = list(entries)
    slices = sorted({name for entry in entries for name in entry.slices})
    rows = [
        {column: getattr(entry, column) for column in _COLUMNS}
        | {"dhash": f"{entry.dhash:016x}"}
        | {SLICE + name: entry.slices.get(name, "") for name in slices}
        for entry in entries
    ]
    _write(folder / MANIFEST_NAME, [*_COLUMNS, *(SLICE + name for name in slices)], rows)


def write_dropped(folder: Path, dropped: Iterable[Dropped]) -> None:
    """Write the list of what was not taken."""
    rows = [{"origin": one.origin, "label": one.label, "reason": one.reason} for one in dropped]
    _write(folder / DROPPED_NAME, ["origin", "label", "reason"], rows)


def pick_slices(row: Mapping[str, str | None]) -> dict[str, str]:
    """Return the slices that a table's row names, without the empty ones."""
    return {
        name.removeprefix(SLICE): value
        for name, value in row.items()
        if name and name.startswith(SLICE) and value
    }


def _parse(row: Mapping[str, str]) -> Entry:
    return Entry(
        file=row["file"],
        label=row["label"],
        split=Split(row["split"]),
        group=row["group"],
        sha256=row["sha256"],
        dhash=int(row["dhash"], 16),
        width=int(row["width"]),
        height=int(row["height"]),
        licence=row["licence"],
        origin=row["origin"],
        slices=pick_slices(row),
    )


def _write(path: Path, columns: list[str], rows: Iterable[Mapping[str, object]]) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    partial.replace(path)
