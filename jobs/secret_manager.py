"""Settings that Google keeps secret: `sm://PROJECT/NAME/VERSION` is replaced at the start.

For platforms that hand over no secrets themselves (App Engine). The metadata server, which answers
only inside Google Cloud, says who we are; Secret Manager answers with the value. Where no setting
begins with sm://, nothing here is done or imported.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from jobs.errors import SettingError

SCHEME = "sm://"
METADATA = "http://metadata.google.internal"
SECRETS = "https://secretmanager.googleapis.com"
_NAME = re.compile(r"sm://([a-z0-9.:-]+)/([A-Za-z0-9_-]+)/(latest|\d+)")
_TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105  a path
_SECONDS = 5.0
_MOST_BYTES = 128 * 2**10  # twice what a secret may have


def reveal(
    environ: Mapping[str, str], *, metadata: str = METADATA, secrets: str = SECRETS
) -> dict[str, str]:
    """Return the settings whose value is a secret's name, with the secret instead.

    Raises:
        SettingError: a name is none, or its secret cannot be had; the text names the variable.
    """
    asked = {name: value for name, value in environ.items() if value.startswith(SCHEME)}
    if not asked:
        return {}
    paths = {name: _read_name(name, value) for name, value in asked.items()}
    try:
        token = _ask(f"{metadata}{_TOKEN_PATH}", {"Metadata-Flavor": "Google"})["access_token"]
    except (OSError, ValueError, KeyError) as error:
        raise SettingError(
            f"{' and '.join(asked)}: secrets can be had inside Google Cloud alone, whose metadata "
            f"server does not answer here: {error}"
        ) from error
    return {
        name: _fetch(name, f"{secrets}/v1/{path}:access", token) for name, path in paths.items()
    }


def _read_name(name: str, value: str) -> str:
    found = _NAME.fullmatch(value)
    if not found:
        raise SettingError(f"{name} must be sm://PROJECT/NAME/VERSION, not {value!r}")
    project, secret, version = found.groups()
    return f"projects/{project}/secrets/{secret}/versions/{version}"


def _fetch(name: str, address: str, token: str) -> str:
    try:
        answer = _ask(address, {"Authorization": f"Bearer {token}"})
        return base64.b64decode(answer["payload"]["data"]).decode().strip()
    except (OSError, ValueError, KeyError, TypeError, binascii.Error) as error:
        raise SettingError(
            f"{name}: Secret Manager does not give it: {error}. It must exist, and this account "
            "needs roles/secretmanager.secretAccessor on it"
        ) from error


def _ask(address: str, headers: Mapping[str, str]) -> Any:
    from urllib.request import ProxyHandler, Request, build_opener  # slow to import

    request = Request(address, headers=dict(headers))  # noqa: S310  both addresses are ours
    with build_opener(ProxyHandler({})).open(request, timeout=_SECONDS) as answer:
        return json.loads(answer.read(_MOST_BYTES))
