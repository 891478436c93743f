"""Settings of the workers, read once by an entry point."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from jobs.errors import SettingError
from models.catalogue import ARTEFACTS_ROOT

MEGABYTE = 2**20
# Libraries and models take some 80 MB of it, the largest JPEG that is let in 129 MB: with less,
# children would not start at all or would call sound photos too large.
_LEAST_MEMORY_MB = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """What only workers need to know.

    `memory_mb` limits a child's data (0: not at all). The default is twice what the dearest picture
    that is let in takes: a WebP of 25 megapixels with alpha, 503 MB; a JPEG as large takes 129.
    `lone_threads`: how many threads a picture gets beside which no other waits or runs.
    """

    children: int
    models_root: Path = ARTEFACTS_ROOT
    memory_mb: int = 1024
    lone_threads: int = 1
    health_port: int = 0  # where the worker tells how it is over HTTP; 0: nowhere

    @classmethod
    def from_env(cls, environ: Mapping[str, str], *, cores: int) -> Self:
        """Read the environment; one child a core where `WORKERS` does not say otherwise.

        Raises:
            SettingError: When a value cannot be used; the text names the variable.
        """
        root = Path(environ.get("SPOTTER_MODELS") or ARTEFACTS_ROOT)
        if not root.is_dir():
            raise SettingError(f"SPOTTER_MODELS must be a folder with models, and {root} is none")
        return cls(
            children=_read(environ, "WORKERS", cores, least=1),
            models_root=root.resolve(),
            memory_mb=_read_memory(environ),
            lone_threads=_read(environ, "SPOTTER_LONE_THREADS", min(cores, 2), least=1, most=16),
            health_port=_read(environ, "SPOTTER_HEALTH_PORT", 0, least=0, most=65535),
        )


def _read_memory(environ: Mapping[str, str]) -> int:
    name = "SPOTTER_WORKER_MEMORY_MB"
    size = _read(environ, name, 1024, least=0)
    if 0 < size < _LEAST_MEMORY_MB:
        raise SettingError(
            f"{name} must be at least {_LEAST_MEMORY_MB}, or 0 for no limit, not {size}"
        )
    return size


def _read(
    environ: Mapping[str, str], name: str, default: int, *, least: int, most: int | None = None
) -> int:
    text = environ.get(name) or str(default)
    is_number = text.isascii() and text.isdecimal()
    if not is_number or int(text) < least or (most is not None and int(text) > most):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise SettingError(f"{name} must be a whole number {bounds}, not {text!r}")
    return int(text)
