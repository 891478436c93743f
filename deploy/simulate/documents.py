"""Reads the YAML files of a deployment."""

from pathlib import Path
from typing import Any

import yaml


def load(path: Path, kind: str | None) -> Any:
    """Return the first document of one kind, or the first of all.

    Raises:
        OSError, StopIteration, yaml.YAMLError: there is no such thing.
    """
    documents = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    return next(one for one in documents if kind is None or one["kind"] == kind)
