import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.classifiers import image
from models.classifiers.golden import check_golden
from models.classifiers.loader import load
from models.errors import ArtefactMismatch

MakeArtefact = Callable[..., Path]


@pytest.fixture
def folder(make_artefact: MakeArtefact) -> Path:
    return make_artefact()


def edit(folder: Path, change: Callable[[dict[str, dict[str, object]]], object]) -> None:
    path = folder / "golden" / "expected.json"
    content = json.loads(path.read_text())
    change(content["pictures"])
    path.write_text(json.dumps(content))


def refusal(folder: Path) -> str:
    classifier = load(folder, golden=False)
    with pytest.raises(ArtefactMismatch) as caught:
        check_golden(folder, classifier)
    return str(caught.value)


def test_what_was_just_written_holds(folder: Path) -> None:
    check_golden(folder, load(folder, golden=False))


def test_the_record_names_every_picture_beside_it(folder: Path) -> None:
    content = json.loads((folder / "golden" / "expected.json").read_text())
    files = {path.name for path in (folder / "golden").iterdir()}
    assert set(content["pictures"]) | {"expected.json"} == files


def test_another_score_is_refused_by_picture_and_numbers(folder: Path) -> None:
    edit(folder, lambda found: found["alpha.png"]["scores"].update(red=0.123))  # type: ignore[attr-defined]
    assert "alpha.png: the score of red differs" in refusal(folder)
    assert "expected 0.123, got" in refusal(folder)


def test_other_labels_are_refused(folder: Path) -> None:
    edit(folder, lambda found: found["cmyk.jpg"].update(scores={"blue": 1.0}))
    assert "cmyk.jpg: scores {'blue': 1.0} recorded" in refusal(folder)


def test_another_picture_under_the_name_is_refused(folder: Path) -> None:
    golden = folder / "golden"
    (golden / "rotated.jpg").write_bytes((golden / "plain.jpg").read_bytes())
    assert "rotated.jpg: preprocessing differs from the model's export" in refusal(folder)


def test_a_damaged_picture_is_refused(folder: Path) -> None:
    path = folder / "golden" / "plain.jpg"
    path.write_bytes(path.read_bytes()[:5000])
    assert "plain.jpg: golden picture does not decode" in refusal(folder)


def test_a_missing_picture_is_refused(folder: Path) -> None:
    (folder / "golden" / "plain.jpg").unlink()
    assert "plain.jpg: golden picture cannot be read" in refusal(folder)


def test_a_grid_of_another_size_is_refused(folder: Path) -> None:
    edit(folder, lambda found: found["plain.jpg"].update(means=[[[1.0, 2.0, 3.0]]]))
    assert "plain.jpg: means of (1, 1, 3) recorded" in refusal(folder)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"schema": 1, "pictures": {}}',
        '{"schema": 2, "pictures": {"a": 1}}',
        '{"schema": 1, "pictures": {"a": 1}}',
        '{"schema": 1, "pictures": {"a": {}}}',
    ],
)
def test_a_malformed_record_is_refused(folder: Path, content: str) -> None:
    (folder / "golden" / "expected.json").write_text(content)
    assert "expected.json: golden record is malformed" in refusal(folder)


def test_a_missing_record_is_refused(folder: Path) -> None:
    (folder / "golden" / "expected.json").unlink()
    assert "expected.json: golden record cannot be read" in refusal(folder)


def flip(picture: Image.Image) -> Image.Image:
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def swap_colours(picture: Image.Image) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(np.asarray(picture)[:, :, ::-1]))


def shift(picture: Image.Image) -> Image.Image:
    return Image.fromarray(np.roll(np.asarray(picture), 6, axis=1))


@pytest.mark.parametrize("drift", [flip, swap_colours, shift], ids=lambda drift: drift.__name__)
def test_a_drift_of_decoding_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, drift: Callable[[Image.Image], Image.Image]
) -> None:
    plain = image._convert_to_rgb
    monkeypatch.setattr(image, "_convert_to_rgb", lambda picture: drift(plain(picture)))
    assert "preprocessing differs from the model's export" in refusal(folder)


def test_ignoring_the_orientation_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "_read_orientation", lambda picture: None)
    assert "rotated.jpg: preprocessing differs" in refusal(folder)


def test_alpha_on_black_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "WHITE", (0, 0, 0))
    assert "alpha.png: preprocessing differs" in refusal(folder)


def test_clipped_16_bit_grey_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "_scale_to_8_bits", lambda picture: picture.point(lambda v: v * 1))
    assert "grey16.png: " in refusal(folder)
