"""The names of all settings, so that a misspelt one is refused and not passed over in silence."""

import re
from collections.abc import Mapping

from jobs.errors import SettingError

PREFIX = "SPOTTER_"
SETTINGS = frozenset(
    PREFIX + name
    for name in (
        *("ACCESS", "ADDRESS", "ANSWER_SECONDS", "DATA", "DURABILITY", "HEALTH_PORT", "HOST"),
        *("HOSTS", "KEEP_FAILED_SECONDS", "LOGS", "LONE_THREADS", "MAX_BATCH_BYTES"),
        *("MAX_CONNECTIONS", "MAX_CONNECTIONS_PER_ADDRESS", "MAX_IMAGE_BYTES", "MAX_MEMORY"),
        *("MAX_WAITING", "MAX_WAITING_BYTES", "MODELS", "RATE_PICTURES", "RATE_REQUESTS"),
        *("REDIS_PASSWORD_FILE", "RESULT_SECONDS", "SECRET", "TRUSTED_PROXIES", "WEB_PROCESSES"),
        "WORKER_MEMORY_MB",
    )
)
# What people and tests keep in the same environment: a key for the examples of docs/api.md, and
# where pictures for the documents go.
OTHERS = frozenset((f"{PREFIX}KEY", f"{PREFIX}PICTURES"))
# Kubernetes names every service to every container; a service `spotter-web` looks like this.
SERVICE = re.compile(r"_SERVICE_(HOST|PORT)|_PORT_\d+_(TCP|UDP|SCTP)")


def refuse_unknown(environ: Mapping[str, str]) -> None:
    """Look at all names that begin like ours.

    Raises:
        SettingError: When one is no setting; the text names it and the likeliest that was meant.
    """
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in SETTINGS or name in OTHERS:
            continue
        if SERVICE.search(name) or (name.endswith("_PORT") and "://" in environ[name]):
            continue
        raise SettingError(f"{name} is no setting of Spotter{_suggest(name)}; README.md lists them")


def _suggest(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, SETTINGS, n=1, cutoff=0.8)
    return f", {close[0]} is one" if close else ""
