"""What was refused a moment ago is refused again without asking: a flood costs the queue nothing.

One process remembers, for so short a time that no free place stays empty because of it.
"""

import time
from collections.abc import Callable

from jobs.errors import QueueFull

HOLD_SECONDS = 0.03
MOST_OWNERS = 1000


class Refusals:
    """The last refusal of each owner who was refused in the last moment."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, tuple[float, QueueFull]] = {}

    def check(self, owner: str) -> None:
        """Refuse an owner who was refused a moment ago.

        Raises:
            QueueFull: as it was refused then.
        """
        until, refusal = self._until.get(owner, (0.0, None))
        if refusal is not None and self._clock() < until:
            raise QueueFull(refusal.reason, refusal.retry_after_seconds)

    def remember(self, owner: str, refusal: QueueFull) -> None:
        """Note that this owner was refused."""
        if len(self._until) >= MOST_OWNERS:
            self._until.clear()
        self._until[owner] = (self._clock() + HOLD_SECONDS, refusal)
