"""The system as the simulation knows it: numbers that were measured, and numbers that are assumed.

Reads `system.toml`, where every number says where it comes from (`python -m deploy.simulate
calibrate` writes the measured ones anew), and the limits of door and ledger from the code itself.
"""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from deploy.doctor.facts import JOBS, FactMissing
from deploy.doctor.project import Project

FILE = Path(__file__).with_name("system.toml")
LEDGER = "jobs/ledger.py"


class SimulationError(Exception):
    """The simulation cannot go on; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What one picture costs, in CPU seconds of one core.

    `service_seconds` are drawn from what was measured, one value a picture: how long a worker child
    is busy with a job, from its lease to its end.
    """

    service_seconds: tuple[float, ...]
    web_seconds: float  # CPU of web for a picture: body, checks, submit, answer
    ledger_seconds: float  # CPU of Redis for a picture, over its whole way
    client_seconds: float = 0.0  # CPU of the clients, where they share the cores

    def scale(self, factor: float) -> Self:
        """Return costs that are so many times as high."""
        return replace(
            self,
            service_seconds=tuple(factor * one for one in self.service_seconds),
            web_seconds=factor * self.web_seconds,
            ledger_seconds=factor * self.ledger_seconds,
            client_seconds=factor * self.client_seconds,
        )

    @property
    def mean_service_seconds(self) -> float:
        """Return the mean of what was measured."""
        return sum(self.service_seconds) / len(self.service_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A picture's costs, calm and in a flood, and the limits of the ledger.

    `calm` is for pictures between which a child pauses, `flood` for those that come one behind the
    other: a processor that never pauses is faster (docs/scaling.md).
    """

    calm: Costs
    flood: Costs
    bell_seconds: float  # from a job's acceptance until an idle child has it
    tell_seconds: float = 0.0  # CPU of web for telling about an ended job
    max_waiting: int = 2000
    answer_seconds: float = 1.0  # who waits longer is refused, or put aside
    bulk_turn: int = 8  # every so manieth lease is bulk
    interactive_per_owner: int = 4
    worker_ready_seconds: float = 1.8
    web_ready_seconds: float = 0.9

    @property
    def web_seconds(self) -> float:
        """Return what web spends on a calm picture and on telling its answer."""
        return self.calm.web_seconds + self.tell_seconds

    def scale(self, factor: float) -> Self:
        """Return a system whose pictures cost so many times as much."""
        return replace(self, calm=self.calm.scale(factor), flood=self.flood.scale(factor))


def read_start_seconds(path: Path = FILE) -> dict[str, float]:
    """Return what each platform adds to the start of a container, by platform."""
    found: dict[str, float] = tomllib.loads(path.read_text(encoding="utf-8"))["platform_start"]
    return found


def read_assumed(path: Path = FILE) -> str:
    """Return the end of the file, from the containers' times on: what calibrating leaves alone."""
    text = path.read_text(encoding="utf-8")
    return text[text.index("# From a container's start") :]


def read_system(path: Path = FILE) -> System:
    """Read the file of numbers, and the limits from the code.

    Raises:
        SimulationError: When it is missing or a number is.
    """
    facts = Project().facts
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        ready = content["containers"]
        return System(
            calm=_read_costs(content["calm"]),
            flood=_read_costs(content["flood"]),
            bell_seconds=content["calm"]["bell_seconds"],
            tell_seconds=content["calm"]["tell_seconds"],
            worker_ready_seconds=ready["worker_ready_seconds"],
            web_ready_seconds=ready["web_ready_seconds"],
            max_waiting=int(facts.find(JOBS, "max_waiting").value),
            answer_seconds=facts.find(JOBS, "answer_seconds").value,
            interactive_per_owner=int(facts.find(JOBS, "interactive_per_owner").value),
            bulk_turn=int(facts.find(LEDGER, "BULK_TURN").value),
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, FactMissing) as error:
        raise SimulationError(
            f"{path}: expected the measured numbers, got {error!r}; "
            "`python -m deploy.simulate calibrate` writes them"
        ) from error


def _read_costs(content: dict[str, Any]) -> Costs:
    return Costs(
        service_seconds=tuple(content["service_seconds"]),
        web_seconds=content["web_seconds"],
        ledger_seconds=content["ledger_seconds"],
        client_seconds=content["client_seconds"],
    )
