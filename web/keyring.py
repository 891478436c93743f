"""Grants as one web process knows them: looked up once in a while, not with every request.

A grant that was found is believed for `FRESH_SECONDS`, so a revoked key works for that long at
most. What was not found is not remembered: a new key works at once.
"""

import contextlib
import time
from collections.abc import Callable

from jobs.errors import LedgerUnavailable
from jobs.grants import Grant, GrantStore, split_key

FRESH_SECONDS = 5.0
USE_SECONDS = 60.0  # how often a grant's last use is written
MOST_KEPT = 10_000


class Keyring:
    """Finds live grants; `store` makes and ends them. Safe for threads and greenlets."""

    def __init__(self, store: GrantStore, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.store = store
        self._clock = clock
        self._kept: dict[str, tuple[float, Grant]] = {}
        self._noted: dict[str, float] = {}

    def find_key(self, text: str) -> Grant | None:
        """Return the live grant of a key's text; None whether it is unknown, revoked or over.

        Raises:
            LedgerUnavailable: it is not known yet and Redis does not answer.
        """
        parts = split_key(text)
        if parts is None:
            return None
        grant = self._find(parts[0])
        if grant is None or grant.is_browser or not grant.has_secret(parts[1]):
            return None
        return self._use(grant)

    def find_browser(self, browser_id: str) -> Grant | None:
        """Return the live grant of a browser whose cookie we signed; raises as `find_key`."""
        grant = self._find(browser_id)
        return self._use(grant) if grant and grant.is_browser else None

    def revoke(self, grant_id: str) -> None:
        """End a grant, in this process at once; raises LedgerUnavailable."""
        self.store.revoke(grant_id)
        self._kept.pop(grant_id, None)

    def _find(self, grant_id: str) -> Grant | None:
        kept = self._kept.get(grant_id)
        if kept and self._clock() - kept[0] < FRESH_SECONDS:
            return kept[1]
        grant = self.store.find(grant_id)
        if grant is None:
            self._kept.pop(grant_id, None)
            return None
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[grant_id] = (self._clock(), grant)
        return grant

    def _use(self, grant: Grant) -> Grant | None:
        if not grant.is_live(self.store.now_ms()):
            return None
        now = self._clock()
        if now - self._noted.get(grant.id, -USE_SECONDS) >= USE_SECONDS:
            if len(self._noted) >= MOST_KEPT:
                self._noted.clear()
            self._noted[grant.id] = now
            with contextlib.suppress(LedgerUnavailable):  # a date for people; nothing hangs on it
                self.store.note_use(grant.id)
        return grant
