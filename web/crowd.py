"""Who is connected to one web process: how many together, how many of one address.

Where all places are taken, who asks for nothing makes room: of the connections without a request in
hand the one that is silent longest is given up. So a thousand slow heads keep nobody out.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from web.addresses import IPNetwork, group_address, is_within

# Who has just come may be about to ask, or has asked and we are late.
SILENCE_SECONDS = 1.0
TOGETHER, OF_ADDRESS = "together", "address"


@dataclass(eq=False, slots=True, kw_only=True)
class Visitor:
    """One connection. `give_up` ends it; `has_asked`: its first request has come whole."""

    address: str
    give_up: Callable[[], object]
    has_asked: bool = False
    group: str | None = field(default=None, init=False)


class Crowd:
    """Counts visitors and requests; for greenlets or under one lock, it has none of its own."""

    def __init__(
        self,
        *,
        most: int,
        most_of_address: int,
        proxies: tuple[IPNetwork, ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._most_of_address = most, most_of_address
        self._proxies = proxies
        self._clock = clock
        self._here: set[Visitor] = set()
        self._silent: dict[Visitor, float] = {}  # since when, in that order
        self._groups: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._here)

    def enter(self, visitor: Visitor) -> str | None:
        """Let a visitor in; or return which limit is in the way: TOGETHER or OF_ADDRESS."""
        if not is_within(visitor.address, self._proxies):
            visitor.group = group_address(visitor.address)
        if not self.take(visitor.group):
            return OF_ADDRESS
        if len(self._here) >= self._most and not self._make_room():
            self.give_back(visitor.group)
            return TOGETHER
        self._here.add(visitor)
        self._silent[visitor] = self._clock()
        return None

    def leave(self, visitor: Visitor) -> None:
        """Let a visitor out."""
        if visitor in self._here:
            self._here.remove(visitor)
            self._silent.pop(visitor, None)
            self.give_back(visitor.group)

    def begin(self, visitor: Visitor) -> None:
        """Note that a request has come whole."""
        visitor.has_asked = True
        self._silent.pop(visitor, None)

    def end(self, visitor: Visitor) -> None:
        """Note that its answer is out."""
        if visitor in self._here:
            self._silent[visitor] = self._clock()

    def take(self, group: str | None) -> bool:
        """Count one more of a group of addresses, or say False where it has its share."""
        if group is None:
            return True
        if self._groups[group] >= self._most_of_address:
            return False
        self._groups[group] += 1
        return True

    def give_back(self, group: str | None) -> None:
        """Count one less of a group."""
        if group is not None:
            self._groups[group] -= 1
            if self._groups[group] <= 0:
                del self._groups[group]

    def _make_room(self) -> bool:
        """Give the longest silent visitor up; it leaves at once."""
        visitor, since = next(iter(self._silent.items()), (None, 0.0))
        if visitor is None or self._clock() - since < SILENCE_SECONDS:
            return False
        self.leave(visitor)
        visitor.give_up()
        return True
