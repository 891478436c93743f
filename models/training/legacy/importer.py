"""Takes a Keras file over as an artefact; the file itself is opened in another process alone.

Owns what is asked for (labels, preprocessing) and the limits of that process: time, memory, files,
no environment. Refuses with the process's own words.
"""

import dataclasses
import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.manifest import Manifest, load_manifest
from models.tables import SLUG
from models.training.legacy.inspection import ImportRefused
from models.training.legacy.preprocessing import FORMS, Preprocessing

_SECONDS = 600
_ROOT = Path(__file__).parents[3]


def import_model(
    file: Path,
    out: Path,
    *,
    name: str,
    version: str = "1",
    title: str,
    labels: tuple[str, ...] = (),
    form: Preprocessing | None = None,
    threshold: float = 0.5,
) -> Manifest:
    """Turn an .h5 or .keras file, or a Teachable Machine folder, into an artefact in `out`.

    With a `labels.txt` beside it a file counts as Teachable Machine's; without one as a network of
    pictures / 255. `form` says otherwise.

    Raises:
        ImportRefused: when the file is refused; the text says why.
    """
    for text in (name, version):
        if not SLUG.fullmatch(text):
            raise ImportRefused(f"{text!r}: expected letters, digits, _ - and single dots")
    file = _find(file)
    if (named := file.parent / "labels.txt").exists():
        labels = labels or _read_labels(named)
        form = form or FORMS["teachable_machine"]
    order = {
        "name": name,
        "version": version,
        "title": title,
        "labels": list(labels),
        "form": dataclasses.asdict(form or FORMS["rescaled"]),
        "threshold": threshold,
        "origin": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
    }
    _convert(file, order, out)
    return load_manifest(out)


def _find(file: Path) -> Path:
    """Return the Keras file; in a folder it is Teachable Machine's."""
    if file.is_dir():
        file = file / "keras_model.h5"
    if not file.is_file():
        raise ImportRefused(f"{file}: no such file")
    return file


def _convert(file: Path, order: Mapping[str, Any], out: Path) -> None:
    """Have another process do what the order says."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "order.json"
        path.write_text(json.dumps(order), "utf-8")
        _run([str(file.resolve()), str(path), str(out.resolve())], Path(folder))


def _run(arguments: list[str], folder: Path) -> None:
    """Run the converter with nothing of our environment but where its libraries are."""
    command = [sys.executable, "-m", "models.training.legacy.converter", *arguments]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)}
    try:
        done = subprocess.run(
            command,
            cwd=_ROOT,
            env=environment | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ImportRefused(f"was not done after {_SECONDS} s and was stopped") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        raise ImportRefused(lines[-1])


def _read_labels(path: Path) -> tuple[str, ...]:
    """Read Teachable Machine's labels: "0 Cat", a line each."""
    lines = [line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    return tuple(re.sub(r"^\d+\s+", "", line) for line in lines)
