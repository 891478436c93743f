"""Reads the YAML files of a deployment, and quantities as Kubernetes writes them."""

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


def read_cpus(text: str) -> float:
    """Return cores, of `2` or `250m`."""
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def read_gigabytes(text: str) -> float:
    """Return GiB, of `512Mi` or `2Gi`: platforms bill by these."""
    return float(text[:-2]) / {"Mi": 1024, "Gi": 1}[text[-2:]]
