"""The simulated web: a platform's front end, and the web instances that it hands requests to.

Whoever sent a picture has a request in hand until the answer is there (pages ask again at once), so
an instance is full of people who wait long before its processor is. One gunicorn process uses one
core. A request that finds every instance full waits at the front end, and is turned away after a
while: Cloud Run's 429.
"""

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import simpy

from deploy.simulate.fleet import Fleet, Instance, Process
from deploy.simulate.scaling import Rule, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPlace:
    """Web on a platform. `concurrency`: the most requests that one instance is handed at once.

    `idle_price`: an instance without a request in hand costs the idle price of prices.toml.
    """

    rule: Rule
    concurrency: int
    patience_seconds: float  # at the front end, for a place
    average_seconds: float  # over which the rule's numbers are averaged
    cpus: float
    gigabytes: float
    price: str
    idle_price: bool = False


class Front:
    """Hands requests to the instance with the fewest, and keeps count for the rule."""

    def __init__(self, env: simpy.Environment, place: WebPlace, *, ready_seconds: float) -> None:
        self._env = env
        self._place = place
        self._pending: deque[simpy.Event] = deque()
        self._cores: dict[Instance, simpy.Resource] = {}
        self._busy_seconds = 0.0
        self._history: deque[tuple[int, float]] = deque(maxlen=max(1, int(place.average_seconds)))
        self.fleet = Fleet(
            env,
            place.rule,
            ready_seconds=ready_seconds,
            live=self._live,
            stop=lambda _: None,
            look=self._look,
        )
        env.process(self._remember())

    @property
    def requests(self) -> int:
        """Return how many requests are in hand or wait for a place."""
        return sum(one.in_hand for one in self.fleet.instances) + len(self._pending)

    def enter(self) -> Generator[Any, Any, Instance | None]:
        """Find a place for a request; None: it is turned away."""
        free = [one for one in self.fleet.ready if one.in_hand < self._place.concurrency]
        if free and not self._pending:
            emptiest = min(free, key=lambda one: one.in_hand)
            emptiest.in_hand += 1
            return emptiest
        ticket = self._env.event()
        self._pending.append(ticket)
        yield ticket | self._env.timeout(self._place.patience_seconds)
        if ticket.triggered:
            assert isinstance(ticket.value, Instance)
            return ticket.value
        self._pending.remove(ticket)
        return None

    def spend(self, instance: Instance, seconds: float) -> Process:
        """Use an instance's one core for so long."""
        with self._cores[instance].request() as turn:
            yield turn
            yield self._env.timeout(seconds)
        self._busy_seconds += seconds

    def leave(self, instance: Instance) -> None:
        """Give a place back, to whoever waits for one."""
        instance.in_hand -= 1
        self._hand_out(instance)

    def _hand_out(self, instance: Instance) -> None:
        while (
            self._pending
            and not instance.is_stopping
            and instance.in_hand < self._place.concurrency
        ):
            instance.in_hand += 1
            self._pending.popleft().succeed(instance)

    def _live(self, instance: Instance) -> Process:
        self._cores[instance] = simpy.Resource(self._env, 1)
        self._hand_out(instance)
        while not (instance.is_stopping and instance.in_hand == 0):
            yield self._env.timeout(1.0)

    def _remember(self) -> Process:
        while True:
            self._history.append((self.requests, self._busy_seconds))
            yield self._env.timeout(1.0)

    def _look(self) -> Seen:
        """Average over the last while; a request without a place is seen at once."""
        seconds = max(1, len(self._history) - 1)
        busy = (self._history[-1][1] - self._history[0][1]) / seconds
        return Seen(
            requests=sum(count for count, _ in self._history) / len(self._history),
            unplaced=len(self._pending),
            busy_share=min(1.0, busy / max(1, len(self.fleet.ready))),
        )
