"""Builds a dataset folder out of candidates, and adds to it without moving what is there.

Owns what is taken: pictures that serving can decode, large enough, that show something, and that
are no copies of others. Writes `pictures/<label>/`, `manifest.csv`, `dropped.csv`, `report.json`
and a contact sheet a label.
"""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from models.classifiers import image as serving
from models.classifiers.containers import detect_format
from models.errors import ImageError
from models.training.datasets.duplicates import Nearest, hash_picture
from models.training.datasets.entries import (
    MANIFEST_NAME,
    DatasetError,
    Dropped,
    Entry,
    Split,
    read_manifest,
    write_dropped,
    write_manifest,
)
from models.training.datasets.gather import Candidate
from models.training.datasets.sheets import Tile, draw_tiles
from models.training.datasets.splits import SHARES, Placeable, Shares, place
from models.training.progress import show_progress

_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp"}
_FLAT = 3.0  # grey levels of spread below which a picture shows nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is taken, and how it is split."""

    smallest: int = 64  # pixels of the shorter side
    near: int = 4  # bits: pictures of one label that are so near are one picture; -1 keeps all
    alike: int = 8  # bits: pictures that are so near stand on one side
    shares: Shares = field(default_factory=lambda: SHARES)
    seed: int = 0


def prepare(folder: Path, candidates: Iterable[Candidate], rules: Rules) -> dict[str, Any]:
    """Add the candidates to the dataset in `folder`, which need not exist; return the report.

    Raises:
        DatasetError: when nothing is left, or a label's name cannot be a folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    old = read_manifest(folder) if (folder / MANIFEST_NAME).exists() else []
    taken, dropped = _take(folder, list(candidates), old, rules)
    entries = list(old)
    for entry, split in zip(taken, _place(old, taken, rules), strict=True):
        if split is None:
            (folder / entry.file).unlink()
            reason = "looks like a picture on another side of the split"
            dropped.append(Dropped(origin=entry.origin, label=entry.label, reason=reason))
        else:
            entries.append(replace(entry, split=split))
    if not entries:
        raise DatasetError(f"{folder}: no picture is left; see {folder / 'dropped.csv'}")
    write_manifest(folder, entries)
    write_dropped(folder, dropped)
    report = _report(entries, len(old), dropped)
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    _draw(folder, entries)
    return report


def _place(old: Sequence[Entry], taken: Sequence[Entry], rules: Rules) -> list[Split | None]:
    """Return the split of each new picture; those of the old ones are as they were."""
    asked = [
        Placeable(
            label=entry.label,
            group=entry.group,
            sha256=entry.sha256,
            dhash=entry.dhash,
            split=entry.split if number < len(old) else None,
        )
        for number, entry in enumerate([*old, *taken])
    ]
    placed = place(asked, alike=rules.alike, shares=rules.shares, seed=rules.seed)
    return placed[len(old) :]


def _take(
    folder: Path, candidates: list[Candidate], old: Sequence[Entry], rules: Rules
) -> tuple[list[Entry], list[Dropped]]:
    """Check candidate after candidate; copy what is taken into the dataset's folder."""
    shelf = _Shelf(folder, old, rules)
    taken, dropped = [], []
    for candidate in show_progress(candidates, len(candidates), "pictures"):
        try:
            if entry := shelf.take(candidate):
                taken.append(entry)
        except (DatasetError, ImageError, OSError) as error:
            reason = str(error)
            dropped.append(Dropped(origin=candidate.origin, label=candidate.label, reason=reason))
    return taken, dropped


class _Shelf:
    """The pictures of a dataset and what tells a new one from them."""

    def __init__(self, folder: Path, old: Sequence[Entry], rules: Rules) -> None:
        self._folder, self._rules = folder, rules
        self._known = {(entry.sha256, entry.origin, entry.label) for entry in old}
        self._labels = {entry.sha256: entry.label for entry in old}
        self._near: dict[str, Nearest] = defaultdict(Nearest)
        for entry in old:
            self._near[entry.label].add(entry.dhash)

    def take(self, candidate: Candidate) -> Entry | None:
        """Copy a picture into the dataset; None for one that an earlier run took.

        Raises:
            DatasetError, ImageError, OSError: when it is not to be taken; the text says why.
        """
        data, label = candidate.read(), candidate.label
        digest = hashlib.sha256(data).hexdigest()
        if (digest, candidate.origin, label) in self._known:
            return None
        if digest in self._labels:
            same = self._labels[digest] == label
            raise DatasetError("the same file" if same else "the same file under two labels")
        image, format_name = _open(data, self._rules.smallest)
        dhash = hash_picture(image)
        if self._near[label].find(dhash, self._rules.near) is not None:
            raise DatasetError("nearly the same picture")
        file = f"pictures/{_name_folder(label)}/{digest[:20]}{_SUFFIXES[format_name]}"
        (self._folder / file).parent.mkdir(parents=True, exist_ok=True)
        (self._folder / file).write_bytes(data)
        self._labels[digest] = label
        self._near[label].add(dhash)
        return Entry(
            file=file,
            label=label,
            split=Split.TRAIN,  # until it is placed
            group=candidate.group,
            sha256=digest,
            dhash=dhash,
            width=image.width,
            height=image.height,
            licence=candidate.licence,
            origin=candidate.origin,
            slices=candidate.slices,
        )


def _open(data: bytes, smallest: int) -> tuple[Image.Image, str]:
    """Decode as serving does; refuse what is tiny or shows nothing."""
    image = serving.decode(data)
    if min(image.size) < smallest:
        raise DatasetError(f"tiny: {image.width} x {image.height} pixels")
    if np.asarray(image.convert("L").resize((32, 32))).std() < _FLAT:
        raise DatasetError("shows nothing: one colour")
    return image, str(detect_format(data))


def _name_folder(label: str) -> str:
    if not re.fullmatch(r"[\w()][\w (),.+-]*", label) or ".." in label:
        raise DatasetError(f"{label!r} cannot be a label: expected letters, digits, spaces, _ or -")
    return label


def _report(entries: Sequence[Entry], before: int, dropped: Sequence[Dropped]) -> dict[str, Any]:
    """Count what is there, and say what a training will suffer from."""
    labels = sorted({entry.label for entry in entries})
    counts = Counter((entry.label, entry.split) for entry in entries)
    per_label = {
        label: {str(split): counts[label, split] for split in Split}
        | {"groups": len({e.group for e in entries if e.label == label})}
        for label in labels
    }
    sizes = [sum(counts[label, split] for split in Split) for label in labels]
    warnings = [
        f"{label}: no picture for {split}: add pictures of other days, cameras or places"
        for label in labels
        for split in Split
        if not counts[label, split]
    ]
    if min(sizes) * 3 < max(sizes):
        warnings.append(f"unbalanced: from {min(sizes)} to {max(sizes)} pictures a label")
    reasons = Counter(one.reason.split(":")[0] for one in dropped)
    return {
        "pictures": len(entries),
        "new": len(entries) - before,
        "labels": per_label,
        "dropped": dict(reasons.most_common()),
        "warnings": warnings,
    }


def _draw(folder: Path, entries: Sequence[Entry]) -> None:
    for label in sorted({entry.label for entry in entries}):
        mine = [entry for entry in entries if entry.label == label]
        tiles = [Tile(path=folder / e.file, text=f"{e.split} {e.group}") for e in mine]
        draw_tiles(tiles, folder / f"sheet-{label}.png")
