"""Settings of the web process, read once by the entry point `web.wsgi`."""

import ipaddress
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from jobs.errors import SettingError
from models.catalogue import ARTEFACTS_ROOT
from web.addresses import IPNetwork

SECRET_FILE = "web.secret"  # noqa: S105  a file name
SECRET_LEAST_CHARACTERS = 32
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Access(StrEnum):
    """Who may call without a key: everybody on this machine, everybody, nobody."""

    LOCAL = "local"
    OPEN = "open"
    KEYS = "keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Limits of the door, names that the service answers to, and the cookie's secret.

    `hosts` are lower case without a port; with `any_host` every name is answered. `bound_widely`
    says that the service listens on all interfaces, so that it may be called by any IP address.
    `access` says who may call without a key. `max_bodies_bytes` is what one process holds of all
    bodies together, `max_connections` the open connections of one process. `rate_pictures` and
    `rate_requests` are what one key or address may send in a minute; 0: it is not counted.
    """

    secret: str
    hosts: frozenset[str] = LOOPBACK_NAMES
    any_host: bool = False
    bound_widely: bool = False
    access: Access = Access.LOCAL
    trusted_proxies: tuple[IPNetwork, ...] = ()
    max_image_bytes: int = 20 * 2**20
    max_batch_bytes: int = 32 * 2**20
    max_batch_pictures: int = 100
    max_bodies_bytes: int = 256 * 2**20
    max_wait_seconds: int = 30
    max_connections: int = 1200
    max_connections_per_address: int = 200
    rate_pictures: int = 3000
    rate_requests: int = 12_000
    models_root: Path = ARTEFACTS_ROOT  # whose cards are shown

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment, and make the cookie's secret in the data folder where none is yet.

        Raises:
            SettingError: a value is missing or cannot be used; the text names the variable.
        """
        host = (environ.get("SPOTTER_HOST", "").strip().strip("[]") or "127.0.0.1").lower()
        widely = host in ("0.0.0.0", "::")
        proxies = tuple(_read_networks(environ))
        names = [name.strip().strip("[]").lower() for name in _split(environ, "SPOTTER_HOSTS")]
        return cls(
            secret=_read_secret(environ),
            hosts=LOOPBACK_NAMES.union(names, () if widely else (host,)),
            any_host="*" in names,
            bound_widely=widely,
            access=_read_access(environ, is_local=_is_loopback(host) and not proxies),
            trusted_proxies=proxies,
            max_image_bytes=_read_bytes(environ, "SPOTTER_MAX_IMAGE_BYTES", 20 * 2**20),
            max_batch_bytes=_read_bytes(environ, "SPOTTER_MAX_BATCH_BYTES", 32 * 2**20),
            max_connections=_read_count(environ, "SPOTTER_MAX_CONNECTIONS", 1200, least=10),
            max_connections_per_address=_read_count(
                environ, "SPOTTER_MAX_CONNECTIONS_PER_ADDRESS", 200, least=1
            ),
            rate_pictures=_read_count(environ, "SPOTTER_RATE_PICTURES", 3000, least=0),
            rate_requests=_read_count(environ, "SPOTTER_RATE_REQUESTS", 12_000, least=0),
            models_root=Path(environ.get("SPOTTER_MODELS") or ARTEFACTS_ROOT),
        )


def _read_access(environ: Mapping[str, str], *, is_local: bool) -> Access:
    """Return what SPOTTER_ACCESS says; `auto` opens what only this machine's users reach."""
    text = environ.get("SPOTTER_ACCESS", "").strip().lower() or "auto"
    if text not in ("auto", "open", "keys"):
        raise SettingError(f"SPOTTER_ACCESS must be auto, open or keys, not {text!r}")
    if text == "auto" or (text == "open" and is_local):
        return Access.LOCAL if is_local else Access.KEYS
    return Access(text)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(environ: Mapping[str, str], name: str) -> list[str]:
    return [part for part in environ.get(name, "").replace(",", " ").split() if part]


def _read_bytes(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and int(text) >= 1024):
        raise SettingError(f"{name} must be a number of bytes, at least 1024, not {text!r}")
    return int(text)


def _read_count(environ: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = environ.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and int(text) >= least):
        raise SettingError(f"{name} must be a whole number of at least {least}, not {text!r}")
    return int(text)


def _read_networks(environ: Mapping[str, str]) -> list[IPNetwork]:
    name = "SPOTTER_TRUSTED_PROXIES"
    try:
        return [ipaddress.ip_network(part, strict=False) for part in _split(environ, name)]
    except ValueError as error:
        raise SettingError(
            f"{name} must be addresses or networks, for example 10.0.0.0/8: {error}"
        ) from error


def _read_secret(environ: Mapping[str, str]) -> str:
    """Return SPOTTER_SECRET, or what the data folder keeps, or a new one that it keeps from now."""
    given = environ.get("SPOTTER_SECRET", "")
    if given:
        if len(given) < SECRET_LEAST_CHARACTERS:
            raise SettingError(
                f"SPOTTER_SECRET must have at least {SECRET_LEAST_CHARACTERS} characters: "
                "make one with `openssl rand -hex 32`"
            )
        return given
    folder = environ.get("SPOTTER_DATA", "")
    if not folder:
        raise SettingError(
            "neither SPOTTER_SECRET nor SPOTTER_DATA is set: give one of them, or every restart "
            "would forget whose jobs are whose"
        )
    return _keep_secret(Path(folder))


def _keep_secret(folder: Path) -> str:
    """Read the secret of this data folder; several processes may come here at once."""
    path = folder / SECRET_FILE
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            # mkstemp makes the file 0600; the link is atomic, so nobody reads half a secret.
            descriptor, draft = tempfile.mkstemp(dir=folder, prefix=SECRET_FILE)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
            try:
                os.link(draft, path)
            except FileExistsError:
                pass  # another process was first: its secret holds for all
            finally:
                os.unlink(draft)  # noqa: PTH108 - a name, not a Path, from mkstemp
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingError(f"SPOTTER_DATA: cannot keep the secret in {folder}: {error}") from error
