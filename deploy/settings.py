"""Settings of `make up`: where it listens, where its data lies, how many workers it starts."""

import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from deploy.errors import StackError

ROOT = Path(__file__).resolve().parents[1]
_UNITS = {"": 1, "b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30}


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSettings:
    """What a user can choose. `redis_url` is None where we start the queue server ourselves."""

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    data: Path = ROOT / "var"
    redis_url: str | None = None
    redis_password_file: str = ""
    durability: str = "strict"
    access: str = "auto"
    is_proxied: bool = False
    max_memory_bytes: int = 512 * 2**20
    logs: str = "files"  # or stdout

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment.

        Raises:
            StackError: a value cannot be used; the text names the variable.
        """
        redis_url = environ.get("REDIS_URL") or None
        password_file = environ.get("SPOTTER_REDIS_PASSWORD_FILE", "")
        if redis_url:
            _check_redis_url(redis_url, has_password_file=bool(password_file))
        durability = environ.get("SPOTTER_DURABILITY") or "strict"
        if durability not in ("strict", "fast"):
            raise StackError(f"SPOTTER_DURABILITY must be strict or fast, not {durability!r}.")
        logs = environ.get("SPOTTER_LOGS") or "files"
        if logs not in ("files", "stdout"):
            raise StackError(f"SPOTTER_LOGS must be files or stdout, not {logs!r}.")
        access = environ.get("SPOTTER_ACCESS", "").strip().lower() or "auto"
        if access not in ("auto", "open", "keys"):
            raise StackError(f"SPOTTER_ACCESS must be auto, open or keys, not {access!r}.")
        return cls(
            host=environ.get("SPOTTER_HOST", "").strip("[]") or "127.0.0.1",
            port=_read_number(environ, "PORT", 8080, most=65535),
            workers=_read_number(environ, "WORKERS", _count_cores(), most=64),
            data=Path(environ.get("SPOTTER_DATA") or ROOT / "var").expanduser().absolute(),
            redis_url=redis_url,
            redis_password_file=password_file,
            durability=durability,
            access=access,
            is_proxied=bool(environ.get("SPOTTER_TRUSTED_PROXIES", "").strip()),
            max_memory_bytes=_read_bytes(environ, "SPOTTER_MAX_MEMORY", 512 * 2**20),
            logs=logs,
        )

    @property
    def needs_keys(self) -> bool:
        """Tell whether web asks for keys and sign-ins, by the same rule as web's own settings."""
        is_local = is_loopback(self.host) and not self.is_proxied
        return self.access == "keys" or (self.access == "auto" and not is_local)

    @property
    def address(self) -> str:
        """Return the address for a browser on this machine, such as http://127.0.0.1:8080."""
        host = f"[{self.reachable_host}]" if ":" in self.host else self.reachable_host
        return f"http://{host}:{self.port}"

    @property
    def link_address(self) -> str:
        """Return what a sign-in link begins with, such as http://192.168.1.5:8080.

        Where Spotter listens for other machines, it is how they reach this one, as far as we know.
        """
        if self.host not in ("0.0.0.0", "::"):
            return self.address
        return f"http://{_find_own_address() or self.reachable_host}:{self.port}"

    @property
    def reachable_host(self) -> str:
        """Return the host by which this machine reaches itself."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)


def _find_own_address() -> str:
    """Return this machine's address on its network, or nothing where it is on none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: the system only chooses the way
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches this host, a name or an address without brackets."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _count_cores() -> int:
    # The cores that this process may use, which in a container are fewer than the machine's.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read_number(environ: Mapping[str, str], name: str, default: int, *, most: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise StackError(f"{name} must be a whole number from 1 to {most}, not {text!r}.")
    return int(text)


def _read_bytes(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "").strip().lower()
    if not text:
        return default
    found = re.fullmatch(r"(\d+)\s*([kmg]?b?)", text)
    unit = _UNITS.get(found[2] if found and found[2][-1:] in ("", "b") else "?")
    size = int(found[1]) * unit if found and unit else 0
    if size < 64 * 2**20:
        raise StackError(f"{name} must be a size of at least 64mb, such as 512mb, not {text!r}.")
    return size


def _check_redis_url(url: str, *, has_password_file: bool) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise StackError(f"REDIS_URL is not an address: {error}.") from error
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise StackError(
            f"REDIS_URL must begin with redis://, rediss:// or unix://, not {parts.scheme!r}."
        )
    has_password = parts.password or has_password_file
    if parts.scheme != "unix" and not is_loopback(host) and not has_password:
        raise StackError(
            f"REDIS_URL names a Redis at {host} without a password: whoever reaches it could read "
            "and change every job. Set a password there and put it into REDIS_URL "
            "(redis://user:password@host:6379/0)."
        )
