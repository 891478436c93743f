"""Who may use Spotter: API keys and signed-in browsers, beside the ledger in the same Redis.

A key's text is shown once and kept as the SHA-256 of 32 random bytes: so much chance needs no slow
hash. A browser's grant has no secret, since web signs its cookie. A sign-in link is good for one
use. What is revoked is deleted, so that it looks like what never was. Knows nothing of HTTP.
"""

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from jobs.connection import Client, translated
from jobs.messages import new_id
from jobs.records import PREFIX

GRANTS, USED, LINK = f"{PREFIX}grants", f"{PREFIX}grants:used", f"{PREFIX}link:"
KEY_TEXT = re.compile(r"spotter_([0-9a-f]{10})_([A-Za-z0-9_-]{43})")
LINK_SECONDS = 24 * 3600  # how long a sign-in link waits for its one use
# How long a grant that has run out is still listed, so that people see why it ended.
LISTED_SECONDS = 30 * 24 * 3600
_NOBODY = "0" * 64  # a digest that no secret has


class Scope(StrEnum):
    """What a caller may do: send, see its own jobs, read metrics, run the system and see all."""

    SUBMIT = "submit"
    READ = "read"
    WATCH = "watch"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a key or a browser may do, and until when; times are ms since 1970.

    `is_browser`: a signed-in browser, whose id is in its signed cookie; else a key.
    """

    id: str
    name: str
    is_browser: bool
    scopes: frozenset[Scope]
    made_ms: float
    expires_ms: float
    digest: str = ""
    used_ms: float | None = None

    @property
    def owner(self) -> str:
        """Return the owner of the jobs that are sent under this grant."""
        return f"browser:{self.id}" if self.is_browser else f"key:{self.id}"

    def is_live(self, now_ms: float) -> bool:
        """Tell whether it has not run out."""
        return now_ms < self.expires_ms

    def has_secret(self, secret: str) -> bool:
        """Tell whether this is the key's secret, in the same time whatever the answer."""
        return hmac.compare_digest(_digest(secret), self.digest or _NOBODY)

    @classmethod
    def from_json(cls, grant_id: str, text: bytes, used: bytes | None = None) -> Self:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        return cls(
            id=grant_id,
            name=data["name"],
            is_browser=data["browser"],
            scopes=frozenset(Scope(scope) for scope in data["scopes"]),
            made_ms=data["made"],
            expires_ms=data["expires"],
            digest=data["digest"],
            used_ms=float(used) if used else None,
        )

    def to_json(self) -> str:
        """Write the form that Redis keeps."""
        return json.dumps(
            {
                "name": self.name,
                "browser": self.is_browser,
                "scopes": sorted(self.scopes),
                "made": self.made_ms,
                "expires": self.expires_ms,
                "digest": self.digest,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What an unused sign-in link gives to the browser that takes it."""

    name: str
    scopes: frozenset[Scope]
    seconds: float


class GrantStore:
    """Makes, finds, lists and revokes; every method raises LedgerUnavailable without Redis."""

    def __init__(self, client: Client, *, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._clock = clock

    def now_ms(self) -> float:
        """Return the time by which grants run out."""
        return self._clock() * 1000

    def make_key(self, name: str, scopes: Iterable[Scope], seconds: float) -> tuple[Grant, str]:
        """Make a key for so many seconds; return it with its text, which nobody can see again."""
        secret = secrets.token_urlsafe(32)
        grant_id = secrets.token_hex(5)
        invitation = Invitation(name=name, scopes=frozenset(scopes), seconds=seconds)
        grant = self._add(grant_id, invitation, digest=_digest(secret))
        return grant, f"spotter_{grant_id}_{secret}"

    def _add(self, grant_id: str, what: Invitation, *, digest: str = "") -> Grant:
        now = self.now_ms()
        grant = Grant(
            id=grant_id,
            name=what.name,
            is_browser=not digest,
            scopes=what.scopes,
            made_ms=now,
            expires_ms=now + what.seconds * 1000,
            digest=digest,
        )
        with translated():
            self._client.hset(GRANTS, grant_id, grant.to_json())
        return grant

    def find(self, grant_id: str) -> Grant | None:
        """Find a grant by its id, also one that has run out."""
        with translated():
            text = self._client.hget(GRANTS, grant_id)
        return Grant.from_json(grant_id, text) if text else None

    def list(self) -> list[Grant]:
        """List all, oldest first; forgets those that ran out long ago."""
        with translated():
            pipe = self._client.pipeline(transaction=False)
            texts, used = pipe.hgetall(GRANTS).hgetall(USED).execute()
        grants = [Grant.from_json(i.decode(), text, used.get(i)) for i, text in texts.items()]
        oldest = self.now_ms() - LISTED_SECONDS * 1000
        if gone := [grant.id for grant in grants if grant.expires_ms < oldest]:
            self._delete(*gone)
        kept = [grant for grant in grants if grant.id not in gone]
        return sorted(kept, key=lambda grant: grant.made_ms)

    def revoke(self, grant_id: str) -> bool:
        """End a grant for good; False where there was none."""
        return self._delete(grant_id) > 0

    def _delete(self, *ids: str) -> int:
        with translated():
            pipe = self._client.pipeline(transaction=True)
            answers: list[Any] = pipe.hdel(GRANTS, *ids).hdel(USED, *ids).execute()
        return int(answers[0])

    def note_use(self, grant_id: str) -> None:
        """Remember that the grant was used now."""
        with translated():
            self._client.hset(USED, grant_id, self.now_ms())

    def make_link(self, name: str, scopes: Iterable[Scope], seconds: float) -> str:
        """Make a sign-in link's token; the browser that takes it is signed in for `seconds`."""
        token = secrets.token_urlsafe(32)
        what = {"name": name, "scopes": sorted(scopes), "seconds": seconds}
        with translated():
            self._client.set(LINK + _digest(token), json.dumps(what), ex=LINK_SECONDS)
        return token

    def look_at_link(self, token: str) -> Invitation | None:
        """Tell what a link gives, without using it; None where it is used, too old or none."""
        with translated():
            return _read_invitation(self._client.get(LINK + _digest(token)))

    def take_link(self, token: str) -> Grant | None:
        """Use a link up and make the grant of a new browser; None as `look_at_link`."""
        with translated():
            invitation = _read_invitation(self._client.getdel(LINK + _digest(token)))
        return self._add(new_id(), invitation) if invitation else None


def split_key(text: str) -> tuple[str, str] | None:
    """Return id and secret of a key's text; None where it is no key at all."""
    found = KEY_TEXT.fullmatch(text)
    return (found[1], found[2]) if found else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _read_invitation(text: bytes | None) -> Invitation | None:
    if text is None:
        return None
    data = json.loads(text)
    scopes = frozenset(Scope(scope) for scope in data["scopes"])
    return Invitation(name=data["name"], scopes=scopes, seconds=data["seconds"])
