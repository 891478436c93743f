"""Settings of the ledger and the queue, read once by an entry point."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import quote, urlsplit

from jobs.errors import SettingError

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsSettings:
    """What web and worker must agree on. Seconds and bytes are in the names."""

    redis_url: str
    result_seconds: int = 24 * 3600
    keep_failed_seconds: int = 15 * 60
    max_waiting: int = 2000
    max_waiting_bytes: int = 256 * 2**20
    max_memory_share: float = 0.7
    answer_seconds: float = 1.0
    interactive_per_owner: int = 4
    max_attempts: int = 3
    lease_seconds: float = 5.0
    heartbeat_seconds: float = 1.5
    sweep_seconds: float = 1.0
    linger_seconds: float = 2.0
    drain_seconds: float = 10.0
    picture_seconds: float = 5.0

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment.

        Raises:
            SettingError: a value is missing or cannot be used; the text names the variable.
        """
        url = environ.get("REDIS_URL", "")
        if not url:
            raise SettingError(
                "REDIS_URL is not set: give the address of the queue's Redis, "
                "for example redis://:password@127.0.0.1:6379/0"
            )
        _check_url(url)
        return cls(
            redis_url=_add_password(url, environ.get("SPOTTER_REDIS_PASSWORD_FILE", "")),
            result_seconds=_read(environ, "SPOTTER_RESULT_SECONDS", 24 * 3600, int, 60),
            keep_failed_seconds=_read(environ, "SPOTTER_KEEP_FAILED_SECONDS", 15 * 60, int, 0),
            max_waiting=_read(environ, "SPOTTER_MAX_WAITING", 2000, int, 1),
            max_waiting_bytes=_read(environ, "SPOTTER_MAX_WAITING_BYTES", 256 * 2**20, int, 1),
            answer_seconds=_read(environ, "SPOTTER_ANSWER_SECONDS", 1.0, float, 0.1),
        )


def _check_url(url: str) -> None:
    """Refuse what no client could connect to; the text leaves out the address, for its password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise SettingError(f"REDIS_URL is no address: {error}") from error
    number = parts.path.strip("/")
    if parts.scheme == "unix":
        found = "" if number else "no path of a socket"
    elif parts.scheme in ("redis", "rediss"):
        found = "" if parts.hostname else "no host"
        if number and not number.isdecimal():
            found = f"the database {number!r}, which is no number"
    else:
        found = f"{parts.scheme!r} before the colon"
    if found:
        raise SettingError(
            "REDIS_URL must be an address such as redis://:password@127.0.0.1:6379/0 or "
            f"unix:///path/of/socket, and has {found}"
        )


def _add_password(url: str, path: str) -> str:
    """Put the password that the file at `path` holds into the address; no path, no change.

    A secret that is mounted as a file stays out of the environment, which `docker inspect` and
    crash reports show.
    """
    if not path:
        return url
    try:
        password = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            f"SPOTTER_REDIS_PASSWORD_FILE: the file {path} cannot be read: {error}"
        ) from error
    if not password:
        raise SettingError(f"SPOTTER_REDIS_PASSWORD_FILE: the file {path} is empty")
    parts = urlsplit(url)
    user, _, place = parts.netloc.rpartition("@")
    if ":" in user:
        raise SettingError(
            "REDIS_URL has a password and SPOTTER_REDIS_PASSWORD_FILE names another: give one"
        )
    # Not urlunsplit: it drops the // of schemes that it does not know.
    return url.replace(f"//{parts.netloc}", f"//{user}:{quote(password, safe='')}@{place}", 1)


def _read(
    environ: Mapping[str, str],
    name: str,
    default: Number,
    kind: Callable[[str], Number],
    least: Number,
) -> Number:
    """Read one number of at least `least`."""
    text = environ.get(name)
    if text is None or text == "":
        return default
    try:
        value = kind(text)
    except ValueError as error:
        raise SettingError(f"{name} must be a number, not {text!r}") from error
    if value < least:
        raise SettingError(f"{name} must be at least {least}, not {text}")
    return value
