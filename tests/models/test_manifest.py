from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import ManifestError
from models.manifest import (
    GoldenSpec,
    InputSpec,
    Manifest,
    OutputSpec,
    format_manifest,
    load_manifest,
)

BINARY = Manifest(
    name="person",
    version="1",
    title='A "person" — é',
    sha256="ab" * 32,
    task="binary",
    labels=("no_human", "human"),
    input=InputSpec(width=160, height=120, resize="contain"),
    output=OutputSpec(
        activation="sigmoid",
        threshold=0.5,
        unsure=(0.4, 0.6),
        threshold_chosen="on 300 photos of held-out sources",
        positive="human",
    ),
    golden=GoldenSpec(tolerance_pixels=1.0, tolerance_score=0.03),
    provenance={"licence": "Apache-2.0", "epochs": 2, "tools": {"keras": "3.15"}, "parts": ["a"]},
)
MULTICLASS = replace(
    BINARY,
    task="multiclass",
    labels=("a", "b", "c"),
    output=replace(BINARY.output, activation="softmax", positive=None),
)


def load(tmp_path: Path, text: str) -> Manifest:
    (tmp_path / "manifest.toml").write_text(text, encoding="utf-8")
    return load_manifest(tmp_path)


@pytest.mark.parametrize("manifest", [BINARY, MULTICLASS], ids=["binary", "multiclass"])
def test_a_written_manifest_reads_back_equal(tmp_path: Path, manifest: Manifest) -> None:
    assert load(tmp_path, format_manifest(manifest)) == manifest


def test_fill_may_be_left_out_where_nothing_is_filled(tmp_path: Path) -> None:
    text = format_manifest(BINARY).replace("fill = [114, 114, 114]\n", "")
    assert load(tmp_path, text).input.fill == (114, 114, 114)


@pytest.mark.parametrize(("manifest", "outputs"), [(BINARY, 1), (MULTICLASS, 3)])
def test_a_binary_model_has_one_output_and_others_one_a_label(
    manifest: Manifest, outputs: int
) -> None:
    assert manifest.outputs == outputs


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("schema = 1", "schema = 2", "schema is 2, this program reads 1"),
        ('version = "1"', 'version = "../1"', "version must be a name"),
        ('file = "model.tflite"', 'file = "/etc/passwd"', "file must be a name"),
        ("abab", "ABAB", "sha256 must be 64 lower-case hexadecimal digits"),
        ('task = "binary"', 'task = "regression"', "task must be one of binary, multiclass"),
        ('"no_human", "human"', '"human", "human"', "labels must be two or more different texts"),
        ('"no_human", "human"', '"human", "no_human"', r"labels must be \[negative, positive\]"),
        ("channels = 3", "channels = 1", "input must be an RGB picture with 3 channels"),
        ("width = 160", "width = true", "width must be a whole number"),
        ("scale = 128.0", "scale = 0", "scale must be other than zero"),
        ("mean = 127.0", 'mean = "127"', "mean must be a number"),
        ('dtype = "int8"', 'dtype = "float16"', "dtype must be one of int8, uint8, float32"),
        ('resize = "contain"', 'resize = "crop"', "resize must be one of"),
        ("[114, 114, 114]", "[114, 114, 256]", "fill must be three whole numbers"),
        ("[114, 114, 114]", "[114, 114]", "fill must be a list of 3 numbers"),
        ("threshold = 0.5", "threshold = 50", "threshold must be a score from 0 to 1"),
        ("unsure = [0.4, 0.6]", "unsure = [0.6, 0.4]", "unsure must be two scores in ascending"),
        ('activation = "sigmoid"', 'activation = "softmax"', "activation must be sigmoid or none"),
        ("[golden]", '[golden]\nfolder = "x"', "nobody reads folder"),
    ],
)
def test_a_bad_entry_is_refused_by_name(tmp_path: Path, old: str, new: str, reason: str) -> None:
    text = format_manifest(BINARY)
    assert old in text
    with pytest.raises(ManifestError, match=reason):
        load(tmp_path, text.replace(old, new, 1))


def test_a_multiclass_model_cannot_end_in_a_sigmoid(tmp_path: Path) -> None:
    text = format_manifest(MULTICLASS).replace("softmax", "sigmoid")
    with pytest.raises(ManifestError, match="output must be softmax or none"):
        load(tmp_path, text)


def test_a_missing_manifest_is_refused_by_path(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"manifest\.toml is missing"):
        load_manifest(tmp_path)


def test_a_manifest_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="is no TOML file"):
        load(tmp_path, "= 3")


def test_a_number_that_toml_cannot_hold_is_not_written() -> None:
    with pytest.raises(ManifestError, match="nan is no value"):
        format_manifest(replace(BINARY, provenance={"loss": float("nan")}))
