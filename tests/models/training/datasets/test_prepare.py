import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.training.datasets.entries import (
    DatasetError,
    Split,
    read_manifest,
    write_manifest,
)
from models.training.datasets.gather import from_root
from models.training.datasets.prepare import Rules, prepare


def draw(seed: int, *, size: tuple[int, int] = (160, 120), form: str = "JPEG") -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(stream, form)
    return stream.getvalue()


@pytest.fixture
def two_folders(tmp_path: Path) -> Path:
    """Ten pictures of each of two labels."""
    root = tmp_path / "photos"
    for label, first in (("cat", 0), ("dog", 100)):
        (root / label).mkdir(parents=True)
        for seed in range(first, first + 10):
            (root / label / f"{seed}.jpg").write_bytes(draw(seed))
    return root


def drop_reasons(folder: Path) -> list[str]:
    lines = (folder / "dropped.csv").read_text("utf-8").splitlines()[1:]
    return [line.split(",", 2)[2] for line in lines]


def test_all_sound_pictures_are_taken_and_split(two_folders: Path, tmp_path: Path) -> None:
    report = prepare(tmp_path / "set", from_root(two_folders), Rules())
    entries = read_manifest(tmp_path / "set")
    assert len(entries) == report["pictures"] == 20
    assert {(entry.label, entry.split) for entry in entries} == {
        (label, split) for label in ("cat", "dog") for split in Split
    }
    assert all((tmp_path / "set" / entry.file).exists() for entry in entries)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (draw(1)[:900], "The end of the JPEG file is missing"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture of a type"),
        (draw(2, size=(48, 48)), "tiny: 48 x 48 pixels"),
        (draw(0), "the same file"),
        (draw(0, size=(320, 240)), "nearly the same picture"),
        (draw(100), "the same file under two labels"),
    ],
    ids=["cut", "type", "tiny", "copy", "scaled copy", "two labels"],
)
def test_what_is_no_new_picture_is_dropped_with_its_reason(
    two_folders: Path, tmp_path: Path, data: bytes, reason: str
) -> None:
    prepare(tmp_path / "set", from_root(two_folders), Rules())
    (two_folders / "cat" / "zzz.jpg").write_bytes(data)
    report = prepare(tmp_path / "set", from_root(two_folders), Rules())
    assert report["pictures"] == 20
    (found,) = drop_reasons(tmp_path / "set")
    assert reason in found


def test_a_picture_of_one_colour_is_dropped(two_folders: Path, tmp_path: Path) -> None:
    Image.new("RGB", (200, 200), "red").save(two_folders / "cat" / "red.png")
    prepare(tmp_path / "set", from_root(two_folders), Rules())
    assert drop_reasons(tmp_path / "set") == ["shows nothing: one colour"]


def test_new_pictures_never_move_old_ones(two_folders: Path, tmp_path: Path) -> None:
    prepare(tmp_path / "set", from_root(two_folders), Rules())
    before = {entry.file: entry for entry in read_manifest(tmp_path / "set")}
    for seed in range(200, 230):
        (two_folders / "dog" / f"{seed}.jpg").write_bytes(draw(seed))
    report = prepare(tmp_path / "set", from_root(two_folders), Rules())
    after = {entry.file: entry for entry in read_manifest(tmp_path / "set")}
    assert report["new"] == 30
    assert {file: after[file] for file in before} == before
    assert drop_reasons(tmp_path / "set") == []


def test_a_subfolder_stands_on_one_side(two_folders: Path, tmp_path: Path) -> None:
    for day in range(6):
        (two_folders / "cat" / f"day{day}").mkdir()
        for seed in range(5):
            data = draw(1000 + 10 * day + seed)
            (two_folders / "cat" / f"day{day}" / f"{seed}.jpg").write_bytes(data)
    prepare(tmp_path / "set", from_root(two_folders), Rules())
    sides: dict[str, set[Split]] = {}
    for entry in read_manifest(tmp_path / "set"):
        sides.setdefault(entry.group, set()).add(entry.split)
    assert len(sides["day0"]) == 1
    assert all(len(found) == 1 for found in sides.values())


def test_the_report_counts_labels_and_warns_of_imbalance(two_folders: Path, tmp_path: Path) -> None:
    for seed in range(300, 330):
        (two_folders / "dog" / f"{seed}.jpg").write_bytes(draw(seed))
    prepare(tmp_path / "set", from_root(two_folders), Rules())
    report = json.loads((tmp_path / "set" / "report.json").read_text("utf-8"))
    assert sum(report["labels"]["dog"][split] for split in Split) == 40
    assert report["warnings"] == ["unbalanced: from 10 to 40 pictures a label"]


def test_a_contact_sheet_a_label_is_drawn(two_folders: Path, tmp_path: Path) -> None:
    prepare(tmp_path / "set", from_root(two_folders), Rules())
    with Image.open(tmp_path / "set" / "sheet-cat.png") as sheet:
        assert sheet.size == (1200, 328)


def test_a_manifest_is_read_back_as_it_was_written(two_folders: Path, tmp_path: Path) -> None:
    prepare(tmp_path / "set", from_root(two_folders), Rules())
    entries = read_manifest(tmp_path / "set")
    write_manifest(tmp_path, entries)
    assert read_manifest(tmp_path) == entries


def test_a_folder_with_one_label_is_refused(tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    with pytest.raises(DatasetError, match="each of two labels"):
        list(from_root(tmp_path))


def test_nothing_to_take_is_an_error_that_says_where_to_look(tmp_path: Path) -> None:
    for label in ("a", "b"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        (tmp_path / "photos" / label / "x.svg").write_text("<svg/>", "utf-8")
    with pytest.raises(DatasetError, match=r"no picture is left.*dropped\.csv"):
        prepare(tmp_path / "set", from_root(tmp_path / "photos"), Rules())
