import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from models.classifiers.loader import load, verify
from models.errors import ArtefactMismatch, ManifestError
from models.manifest import InputSpec, Manifest, OutputSpec, format_manifest, load_manifest

MakeArtefact = Callable[..., Path]
MakeManifest = Callable[..., Manifest]


def rewrite(folder: Path, **changes: object) -> None:
    """Change entries of the manifest as if somebody had edited it."""
    manifest = replace(load_manifest(folder), **changes)  # type: ignore[arg-type]
    (folder / "manifest.toml").write_text(format_manifest(manifest), encoding="utf-8")


def multiclass(make_manifest: MakeManifest, activation: str) -> Manifest:
    output = OutputSpec(
        activation=activation,  # type: ignore[arg-type]
        threshold=0.5,
        unsure=(0.0, 0.6),
        threshold_chosen="by hand, for tests",
    )
    return make_manifest(task="multiclass", labels=("red", "green", "blue"), output=output)


def test_a_sound_artefact_predicts(make_artefact: MakeArtefact) -> None:
    classifier = load(make_artefact())
    red, cyan = (Image.new("RGB", (40, 30), colour) for colour in ((255, 0, 0), (0, 255, 255)))
    assert classifier.predict(red)["red"] > 0.9
    assert classifier.predict(cyan)["red"] < 0.1


@pytest.mark.parametrize("activation", ["softmax", "none"])
def test_a_multiclass_artefact_predicts(
    make_artefact: MakeArtefact, make_manifest: MakeManifest, activation: str
) -> None:
    folder = make_artefact(multiclass(make_manifest, activation), channels=[0, 1, 2])
    scores = load(folder).predict(Image.new("RGB", (40, 30), (0, 255, 0)))
    assert max(scores, key=scores.__getitem__) == "green"
    assert sum(scores.values()) == pytest.approx(1)


def test_verify_returns_the_manifest(make_artefact: MakeArtefact) -> None:
    assert verify(make_artefact()).title == "Is it red?"


def test_one_flipped_byte_of_the_model_is_refused(make_artefact: MakeArtefact) -> None:
    folder = make_artefact()
    path = folder / "model.tflite"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtefactMismatch, match=r"model\.tflite: the manifest expects sha256"):
        load(folder)


def test_a_missing_model_is_refused_by_path(make_artefact: MakeArtefact) -> None:
    folder = make_artefact()
    (folder / "model.tflite").unlink()
    with pytest.raises(ArtefactMismatch, match=r"model\.tflite: the model file cannot be read"):
        load(folder)


def test_a_file_that_is_no_model_is_refused(make_artefact: MakeArtefact) -> None:
    folder = make_artefact()
    (folder / "model.tflite").write_bytes(b"no model")
    rewrite(folder, sha256=hashlib.sha256(b"no model").hexdigest())
    with pytest.raises(ArtefactMismatch, match=r"model\.tflite: LiteRT cannot run the file"):
        load(folder)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"manifest\.toml is missing"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"input": InputSpec(width=32, height=16, dtype="float32")},
            r"expected an input \(1, 16, 32, 3\), got \(1, 16, 16, 3\)",
        ),
        ({"input": InputSpec(width=16, height=16)}, "expected int8 input, got float32"),
    ],
)
def test_a_manifest_of_another_input_is_refused(
    make_artefact: MakeArtefact, changes: dict[str, object], reason: str
) -> None:
    folder = make_artefact()
    rewrite(folder, **changes)
    with pytest.raises(ArtefactMismatch, match=reason):
        load(folder)


def test_a_manifest_of_another_number_of_labels_is_refused(
    make_artefact: MakeArtefact, make_manifest: MakeManifest
) -> None:
    folder = make_artefact(multiclass(make_manifest, "softmax"), channels=[0, 1, 2])
    rewrite(folder, labels=("red", "green"))
    with pytest.raises(ArtefactMismatch, match=r"expected an output \(1, 2\).*got \(1, 3\)"):
        load(folder)


def test_logits_that_the_manifest_calls_scores_are_refused(
    make_artefact: MakeArtefact, make_manifest: MakeManifest
) -> None:
    folder = make_artefact(multiclass(make_manifest, "none"), channels=[0, 1, 2])
    rewrite(folder, output=multiclass(make_manifest, "softmax").output)
    with pytest.raises(ArtefactMismatch, match='write activation = "none"'):
        load(folder)


@pytest.mark.parametrize(
    "changed",
    [
        {"resize": "cover"},
        {"resize": "contain"},
        {"filter": "nearest"},
        {"filter": "box"},
        {"filter": "hamming"},
        {"filter": "bicubic"},
        {"filter": "lanczos"},
    ],
    ids=lambda changed: str(*changed.values()),
)
def test_another_resize_rule_is_refused_by_golden_pixels(
    make_artefact: MakeArtefact, changed: dict[str, str]
) -> None:
    folder = make_artefact()
    rewrite(folder, input=replace(load_manifest(folder).input, **changed))  # type: ignore[arg-type]
    with pytest.raises(ArtefactMismatch, match=r"preprocessing differs from the model's export"):
        load(folder)


@pytest.mark.parametrize("changed", [{"mean": 0.0}, {"scale": 255.0}])
def test_another_value_range_is_refused_by_golden_scores(
    make_artefact: MakeArtefact, changed: dict[str, float]
) -> None:
    folder = make_artefact()
    rewrite(folder, input=replace(load_manifest(folder).input, **changed))  # type: ignore[arg-type]
    with pytest.raises(ArtefactMismatch, match=r"the score of \w+ differs"):
        load(folder)


def test_swapped_labels_are_refused_by_golden_scores(make_artefact: MakeArtefact) -> None:
    folder = make_artefact()
    output = replace(load_manifest(folder).output, positive="not_red")
    rewrite(folder, labels=("red", "not_red"), output=output)
    with pytest.raises(ArtefactMismatch, match=r"the score of \w+ differs"):
        load(folder)
