"""Simulated instances of one kind, workers or web, and the rule that starts and stops them."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from deploy.simulate.scaling import Rule, Scaler, Seen

Process = Generator[Any, Any, None]


@dataclass(slots=True, eq=False)
class Instance:
    """A container or machine. `in_hand`: requests (web); `bells`: idle children (workers)."""

    is_ready: bool = False
    is_stopping: bool = False
    in_hand: int = 0
    bells: list[simpy.Event] = field(default_factory=list)


class Fleet:
    """Starts as many instances as its rule says.

    `live` is what an instance does from ready to its end, `stop` tells one that it is to end,
    `look` tells what the rule may see. `ready_seconds` is an instance's own start.
    """

    def __init__(
        self,
        env: simpy.Environment,
        rule: Rule,
        *,
        ready_seconds: float,
        live: Callable[[Instance], Process],
        stop: Callable[[Instance], None],
        look: Callable[[], Seen],
    ) -> None:
        self.rule = rule
        self.instances: list[Instance] = []  # those that start or stop included: they are paid for
        self._env = env
        self._start_seconds = rule.start_seconds + ready_seconds
        self._live, self._stop, self._look = live, stop, look
        self._scaler = Scaler(rule=rule)
        for _ in range(rule.least):
            self._start(warm=True)
        env.process(self._scale())

    @property
    def ready(self) -> list[Instance]:
        """Return the instances that work and may be given more."""
        return [one for one in self.instances if one.is_ready and not one.is_stopping]

    def _start(self, *, warm: bool = False) -> None:
        instance = Instance()
        self.instances.append(instance)
        self._env.process(self._run(instance, 0.0 if warm else self._start_seconds))

    def _run(self, instance: Instance, start_seconds: float) -> Process:
        yield self._env.timeout(start_seconds)
        instance.is_ready = True
        yield from self._live(instance)
        self.instances.remove(instance)

    def _scale(self) -> Process:
        """Do what the platform does."""
        while True:
            yield self._env.timeout(self.rule.poll_seconds)
            staying = [one for one in self.instances if not one.is_stopping]
            wanted = self._scaler.decide(
                self._env.now, self._look(), instances=len(staying), ready=len(self.ready)
            )
            for _ in range(wanted - len(staying)):
                self._start()
            # Platforms stop whichever they like: here those that were started last.
            for instance in staying[wanted:]:
                instance.is_stopping = True
                self._stop(instance)
