"""Finds the pictures that a dataset may be made of: folders, tables of files or addresses, videos.

Owns the kinds of sources and what they say about a picture (label, group, licence). Refuses a
folder or table that does not exist or names nothing; whether a picture is sound is seen later.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from models.training.datasets.download import Downloader
from models.training.datasets.entries import DatasetError, pick_slices
from models.training.datasets.frames import read_frames

_IGNORED = frozenset({".csv", ".txt", ".md", ".json", ".toml", ".xml", ".db", ".ini"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A picture that may become part of a dataset; `read` gives its bytes or a `DatasetError`."""

    label: str
    group: str
    origin: str
    read: Callable[[], bytes]
    licence: str = ""
    slices: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A video or camera of which all frames carry one label."""

    label: str
    source: str
    every_seconds: float = 1.0
    most: int = 500
    seconds: float = 3600.0  # a camera never ends by itself


def from_root(root: Path, *, by_prefix: bool = False) -> Iterator[Candidate]:
    """Yield the pictures of a folder that has a subfolder for each label.

    Raises:
        DatasetError: when there are not two such subfolders.
    """
    labels = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(labels) < 2:
        raise DatasetError(f"{root}: expected a subfolder for each of two labels or more")
    for folder in labels:
        yield from from_folder(folder.name, folder, by_prefix=by_prefix)


def from_folder(label: str, folder: Path, *, by_prefix: bool = False) -> Iterator[Candidate]:
    """Yield the pictures below a folder; a subfolder in it is a group, else each is its own.

    With `by_prefix` the name of a file up to its first underscore is its group.

    Raises:
        DatasetError: when it holds no file.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder")
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and _is_wanted(p, folder))
    if not paths:
        raise DatasetError(f"{folder}: holds no files")
    for path in paths:
        below = path.relative_to(folder)
        # Two labels may share a group: /day1 of both is one day of one camera.
        alone = path.stem.partition("_")[0] if by_prefix else f"{label}/{path.name}"
        group = below.parts[0] if len(below.parts) > 1 else alone
        yield Candidate(label=label, group=group, origin=str(path), read=path.read_bytes)


def from_table(table: Path, downloader: Downloader) -> Iterator[Candidate]:
    """Yield the pictures of a CSV table.

    It has the columns `label` and either `file` (relative to the table) or `url`; `group`,
    `licence` and columns that begin with `slice_` are kept.

    Raises:
        DatasetError: when the table is missing or lacks a column.
    """
    try:
        with table.open(encoding="utf-8-sig", newline="") as opened:
            rows = list(csv.DictReader(opened))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{table}: cannot be read as a CSV table: {error}") from error
    for number, row in enumerate(rows, 2):
        label, file, address = (row.get(key) or "" for key in ("label", "file", "url"))
        if not label or not (file or address):
            raise DatasetError(f"{table}, line {number}: expected a label and a file or url")
        origin = file or address
        yield Candidate(
            label=label,
            group=row.get("group") or origin,
            origin=origin,
            read=_reader(table.parent / file if file else None, address, downloader),
            licence=row.get("licence") or row.get("license") or "",
            slices=pick_slices(row),
        )


def from_video(video: Video) -> Iterator[Candidate]:
    """Yield frames of a video or camera, all in one group.

    Raises:
        DatasetError: when it cannot be opened.
    """
    name = Path(video.source).name
    frames = read_frames(
        video.source,
        every_seconds=video.every_seconds,
        most=video.most,
        seconds=video.seconds,
    )
    for frame in frames:
        read = partial(bytes, frame.data)
        yield Candidate(label=video.label, group=name, origin=frame.name, read=read)


def _is_wanted(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return not hidden and path.suffix.lower() not in _IGNORED


def _reader(file: Path | None, address: str, downloader: Downloader) -> Callable[[], bytes]:
    if file is not None:
        return file.read_bytes
    return lambda: downloader.fetch(address).read_bytes()
