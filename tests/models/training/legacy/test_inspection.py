"""Hostile files, each made here; nothing in them may be called, and each is refused in words."""

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from models.training.legacy.importer import import_model
from models.training.legacy.inspection import ImportRefused, inspect

Config = dict[str, Any]


def layer(kind: str, **config: Any) -> Config:
    return {"class_name": kind, "config": config}


def network(*layers: Config) -> Config:
    return layer("Sequential", layers=list(layers))


SOUND = network(
    layer("InputLayer", batch_input_shape=[None, 8, 8, 3]),
    layer("Flatten"),
    layer("Dense", units=1, activation="sigmoid"),
)


def write_h5(path: Path, config: Config) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file["model_weights/dense/kernel"] = np.zeros((192, 1), np.float32)
    return path


def write_keras(path: Path, config: Config, **more: bytes) -> Path:
    inner = path.with_suffix(".inner")
    with h5py.File(inner, "w") as file:
        file["layers/dense/vars/0"] = np.zeros((192, 1), np.float32)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", "{}")
        archive.write(inner, "model.weights.h5")
        for name, data in more.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("write", [write_h5, write_keras])
def test_a_plain_network_passes(tmp_path: Path, write: Any) -> None:
    assert inspect(write(tmp_path / "model", SOUND)).config == SOUND


@pytest.mark.parametrize("write", [write_h5, write_keras])
@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (layer("Lambda", function=["4wEAAA==", None, None]), "'Lambda' layer, which may run code"),
        (layer("TFOpLambda", function="io.read_file"), "'TFOpLambda' layer, which may run code"),
        (layer("TorchModuleWrapper", module="x"), "'TorchModuleWrapper' layer"),
        (layer("Dense", units=10**9), "units is 1000000000"),
        (layer("Dense", units=1, activation={"class_name": "function"}), "'function' layer"),
        (layer("Activation", activation="eval"), "activation 'eval' is not known"),
        ({**layer("Dense", units=1), "module": "os"}, "comes from 'os', expected Keras"),
        ({**layer("Dense", units=1), "registered_name": "Evil>Dense"}, "maker's own"),
        (network(network(layer("Lambda"))), "'Lambda' layer"),
        (layer("InputLayer", batch_input_shape=[None, 10**6, 10**6, 3]), "takes pictures of"),
        (layer("Dense", units="many"), "damaged, or no model"),
        ({"class_name": ["Dense"]}, "without a name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_could_run_code_or_fill_the_memory_is_refused(
    tmp_path: Path, write: Any, hostile: Config, reason: str
) -> None:
    path = write(tmp_path / "model", network(*SOUND["config"]["layers"], hostile))
    with pytest.raises(ImportRefused, match=reason):
        inspect(path)


@pytest.mark.parametrize("link", ["external", "soft"])
def test_a_link_out_of_the_file_is_refused(tmp_path: Path, link: str) -> None:
    path = write_h5(tmp_path / "model.h5", SOUND)
    with h5py.File(path, "a") as file:
        target = h5py.ExternalLink("/etc/passwd", "/") if link == "external" else h5py.SoftLink("/")
        file["model_weights/secret"] = target
    with pytest.raises(ImportRefused, match="'secret' is a link to elsewhere"):
        inspect(path)


def test_an_array_in_another_file_is_refused(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "model.h5", SOUND)
    (tmp_path / "other").write_bytes(bytes(64))
    with h5py.File(path, "a") as file:
        file.create_dataset(
            "model_weights/x", (16,), "f4", external=[(str(tmp_path / "other"), 0, 64)]
        )
    with pytest.raises(ImportRefused, match="'x' lies in another file"):
        inspect(path)


def test_an_array_that_claims_to_be_enormous_is_refused(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "model.h5", SOUND)
    with h5py.File(path, "a") as file:
        file.create_dataset("model_weights/x", (1 << 40,), "f4", chunks=(1024,))
    assert path.stat().st_size < 1_000_000
    with pytest.raises(ImportRefused, match="claims more than"):
        inspect(path)


def test_an_archive_with_more_than_a_model_is_refused(tmp_path: Path) -> None:
    path = write_keras(tmp_path / "model.keras", SOUND, **{"../../evil.py": b"x"})
    with pytest.raises(ImportRefused, match="evil"):
        inspect(path)


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n" + bytes(99), b"PK\x03\x04xx", b"80"])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.h5").write_bytes(content)
    with pytest.raises(ImportRefused, match=r"damaged|expected an \.h5"):
        inspect(tmp_path / "model.h5")


def test_weights_without_a_network_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["dense/kernel"] = np.zeros(3)
    with pytest.raises(ImportRefused, match="without their network"):
        inspect(tmp_path / "w.h5")


def test_the_process_that_opens_a_file_says_why_it_refuses(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "model.h5", network(layer("Lambda")))
    with pytest.raises(ImportRefused, match=r"^model\.h5: has a 'Lambda' layer, which may run"):
        import_model(path, tmp_path / "out", name="evil", title="?")
    assert not (tmp_path / "out").exists()
