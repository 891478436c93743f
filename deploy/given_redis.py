"""Looks at the Redis that REDIS_URL names before anything is started on it; changes nothing there.

Imported only where REDIS_URL is set: the client library costs a start 0.2 s.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError
from redis.retry import Retry

from deploy.embedded_redis.binary import MINIMUM_VERSION
from deploy.errors import StackError
from deploy.known_holes import warn_of_hole
from deploy.settings import is_loopback

_SECONDS = 3.0
_PROMISES = {
    "always": "every accepted job is on the disk before the answer",
    "everysec": "a crash or a power cut can lose what was accepted in the last two seconds "
    "(appendfsync everysec)",
    "no": "an accepted job survives a crash, but not a power cut (appendfsync no)",
    "off": "accepted jobs are kept in memory only: when it ends they can be lost (appendonly no)",
    "unknown": "how safely it keeps accepted jobs it does not tell (it refuses CONFIG GET)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRedis:
    """What a Redis of the user's own says about itself."""

    title: str  # "Redis 7.0.15"
    address: str  # without user and password
    durability: str  # always, everysec, no (the values of appendfsync), off, unknown
    policy: str  # maxmemory-policy

    @property
    def promise(self) -> str:
        """Return what its durability means for an accepted job."""
        return _PROMISES[self.durability]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what should be changed there."""
        warnings = [warn_of_hole(self.title)]
        if self.policy != "noeviction":
            warnings.append(
                f"warning: the Redis of REDIS_URL has maxmemory-policy {self.policy}: when its "
                "memory is full it may throw accepted jobs or results away. Set it to noeviction "
                "there."
            )
        return tuple(filter(None, warnings))


def look_at(url: str, password_file: str = "") -> GivenRedis:
    """Connect, and return what the server says; `password_file` holds what the address leaves out.

    Raises:
        StackError: when it does not answer, lets us not in, is too old, or is open to everybody.
    """
    address = hide_password(url)
    password = _read_password(url, password_file)
    try:
        with _connect(url, password=password) as client:
            client.ping()
            info = _ask_info(client)
            config = _ask_config(client)
    except (redis.RedisError, OSError, ValueError, TypeError) as error:
        raise StackError(_explain(error, address)) from error
    title = _check_version(info, address)
    if _is_open(url, config):
        raise StackError(
            f"REDIS_URL: the Redis at {address} takes connections from other machines without a "
            "password: whoever reaches it could read and change every job. Give it a password "
            "(requirepass) or bind it to 127.0.0.1."
        )
    return GivenRedis(
        title=title,
        address=address,
        durability=_tell_durability(info, config),
        policy=str(info.get("maxmemory_policy") or config.get("maxmemory-policy") or "noeviction"),
    )


def hide_password(url: str) -> str:
    """Return the address without user, password and options, for people's eyes."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}{parts.path}"


def _connect(url: str, **options: Any) -> "redis.Redis":
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        protocol=2,  # also old servers understand it, which can then be told apart
        socket_timeout=_SECONDS,
        socket_connect_timeout=_SECONDS,
        retry=Retry(NoBackoff(), 0),
        **options,
    )


def _read_password(url: str, path: str) -> str | None:
    if not path:
        return None
    if urlsplit(url).password:
        raise StackError(
            "REDIS_URL has a password and SPOTTER_REDIS_PASSWORD_FILE names another: give one."
        )
    try:
        password = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"SPOTTER_REDIS_PASSWORD_FILE: {path} cannot be read: {error}.") from error
    if not password:
        raise StackError(f"SPOTTER_REDIS_PASSWORD_FILE: the file {path} is empty.")
    return password


def _ask_info(client: "redis.Redis") -> Mapping[str, Any]:
    try:
        return dict(client.info())
    except NoPermissionError:
        return {}


def _ask_config(client: "redis.Redis") -> Mapping[str, str]:
    """Return the settings that matter here; none where CONFIG is forbidden or renamed."""
    names = ("bind", "port", "tls-port", "protected-mode", "append*", "maxmemory-policy")
    try:
        answers = [client.config_get(name) for name in names]
    except redis.ResponseError:
        return {}
    return {str(key): str(value) for answer in answers for key, value in answer.items()}


def _check_version(info: Mapping[str, Any], address: str) -> str:
    """Return name and version. Valkey tells as redis_version the Redis that it is compatible to."""
    text = str(info.get("redis_version", ""))
    if not text:
        return "a server that does not tell its version"
    name = "Valkey" if "valkey_version" in info else "Redis"
    title = f"{name} {info.get('valkey_version', text)}"
    numbers = tuple(int(part) for part in text.split(".")[:2] if part.isdecimal())
    if numbers < MINIMUM_VERSION:
        raise StackError(
            f"REDIS_URL: the server at {address} is {title}, which is too old: Spotter needs "
            "7.0 or newer."
        )
    return title


def _is_open(url: str, config: Mapping[str, str]) -> bool:
    """Tell whether other machines get in without a password."""
    if not config or config.get("protected-mode") == "yes":
        return False
    if config.get("port") == "0" and config.get("tls-port", "0") == "0":
        return False
    hosts = [host.removeprefix("-") for host in config.get("bind", "").split()]
    return not all(is_loopback(host) for host in hosts) and _lets_strangers_in(url)


def _lets_strangers_in(url: str) -> bool:
    # Asked, not read from requirepass: users with passwords may also come from an ACL file.
    query = [
        pair for pair in parse_qsl(urlsplit(url).query) if pair[0] not in ("username", "password")
    ]
    try:
        with _connect(f"{hide_password(url)}?{urlencode(query)}") as stranger:
            stranger.exists("spotter:any")
    except (redis.RedisError, OSError):
        return False
    return True


def _tell_durability(info: Mapping[str, Any], config: Mapping[str, str]) -> str:
    appends = config.get("appendonly") or {"0": "no", "1": "yes"}.get(str(info.get("aof_enabled")))
    if appends == "no":
        return "off"
    return config.get("appendfsync", "unknown")


def _explain(error: Exception, address: str) -> str:
    said = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, redis.AuthenticationError):
        return (
            f"REDIS_URL: the Redis at {address} does not let Spotter in: {said}. Check user and "
            "password."
        )
    if isinstance(error, redis.BusyLoadingError):
        return f"REDIS_URL: the Redis at {address} still loads its data. Try again in a moment."
    if isinstance(error, redis.ResponseError):
        return f"REDIS_URL: the Redis at {address} refuses: {said.split('. ')[0]}."
    if isinstance(error, redis.RedisError | OSError):
        return (
            f"REDIS_URL: no Redis answers at {address}: {said}. Start it, or leave REDIS_URL unset "
            "for the built-in server."
        )
    return f"REDIS_URL cannot be used ({address}): {said}."
