"""The system as the simulation knows it: numbers that were measured, and numbers that are assumed.

Reads `system.toml`. Every number there says where it comes from; `python -m deploy.simulate
calibrate` writes the measured ones anew.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("system.toml")


class SimulationError(Exception):
    """The simulation cannot go on; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One picture's costs, and the limits of the ledger. Seconds are CPU seconds of one core.

    `service_seconds` are drawn from what was measured, one value a picture: how long a worker child
    is busy with a job, from its lease to its end.
    """

    service_seconds: tuple[float, ...]
    web_seconds: float  # CPU of web for a picture: body, checks, submit, answer
    ledger_seconds: float  # CPU of Redis for a picture, over its whole way
    bell_seconds: float  # from a job's acceptance until an idle child has it
    client_seconds: float = 0.0  # CPU of the clients, where they share the cores
    max_waiting: int = 2000
    bulk_turn: int = 8  # every so manieth lease is bulk
    interactive_per_owner: int = 4
    worker_ready_seconds: float = 3.0
    web_ready_seconds: float = 2.0

    @property
    def mean_service_seconds(self) -> float:
        """Return the mean of what was measured."""
        return sum(self.service_seconds) / len(self.service_seconds)


def read_start_seconds(path: Path = FILE) -> dict[str, float]:
    """Return what each platform adds to the start of a worker, by platform."""
    found: dict[str, float] = tomllib.loads(path.read_text(encoding="utf-8"))["platform_start"]
    return found


def read_system(path: Path = FILE) -> System:
    """Read the file of numbers.

    Raises:
        SimulationError: When it is missing or a number is.
    """
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        measured, assumed = content["measured"], content["assumed"]
        limits = content["limits"]
        return System(
            service_seconds=tuple(measured["service_seconds"]),
            web_seconds=measured["web_seconds"],
            ledger_seconds=measured["ledger_seconds"],
            bell_seconds=measured["bell_seconds"],
            client_seconds=measured["client_seconds"],
            worker_ready_seconds=assumed["worker_ready_seconds"],
            web_ready_seconds=assumed["web_ready_seconds"],
            max_waiting=limits["max_waiting"],
            bulk_turn=limits["bulk_turn"],
            interactive_per_owner=limits["interactive_per_owner"],
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise SimulationError(
            f"{path}: expected the measured numbers, got {error!r}; "
            "`python -m deploy.simulate calibrate` writes them"
        ) from error
