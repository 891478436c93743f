"""Converts one inspected Keras file; run as a process of its own, which may be killed.

    python -m models.training.legacy.converter FILE ORDER.json OUT

Writes the artefact into OUT. Anything that is refused goes to stderr in one line, with status 3.
"""

import json
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

from models.errors import ModelError
from models.training.legacy.inspection import ImportRefused, Inspected, inspect

_CPU_SECONDS, _FILE_BYTES, _MEMORY_BYTES = 600, 1 << 30, 12 << 30


def main(arguments: list[str]) -> int:
    """Inspect, load, convert, write; return the exit status."""
    file, order, out = (Path(argument) for argument in arguments)
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    try:
        convert(file, json.loads(order.read_text("utf-8")), out)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 3
    return 0


def convert(file: Path, order: dict[str, Any], out: Path) -> None:
    """Turn a file into an artefact.

    Raises:
        ImportRefused: when the file is refused or its network has another shape than a classifier.
    """
    inspected = inspect(file)  # before TensorFlow is even loaded
    from models.training.legacy.network import write_network

    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / f"model.{inspected.kind}"
        _write_plain(file, plain, inspected)
        try:
            write_network(plain, order, out)
        except ModelError:
            raise
        except Exception as error:  # Keras raises what it likes on files that it did not write
            lines = str(error).strip().splitlines() or [""]
            raise ImportRefused(f"{file.name}: Keras cannot load it: {lines[0]}") from error


def _write_plain(file: Path, plain: Path, inspected: Inspected) -> None:
    """Copy the file without what Keras 2 wrote and Keras 3 refuses, though it changes nothing."""
    plain.write_bytes(file.read_bytes())
    if inspected.kind != "h5":
        return
    import h5py

    with h5py.File(plain, "r+") as opened:
        opened.attrs["model_config"] = json.dumps(_mend(inspected.config))
        for name in ("training_config", "optimizer_weights"):
            if name in opened.attrs:
                del opened.attrs[name]


def _mend(node: Any) -> Any:
    if isinstance(node, list):
        return [_mend(one) for one in node]
    if not isinstance(node, dict):
        return node
    mended = {key: _mend(value) for key, value in node.items()}
    config = mended.get("config")
    if mended.get("class_name") == "DepthwiseConv2D" and isinstance(config, dict):
        if config.get("groups", 1) != 1:
            raise ImportRefused("a DepthwiseConv2D with groups is not known")
        config.pop("groups", None)
    return mended


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
