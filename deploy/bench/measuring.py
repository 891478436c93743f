"""Measures several things in turn, round after round, so that a busy machine is busy for all."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from deploy.bench.load import Clients, Slice
from deploy.bench.system import System

Contestant = Callable[[], Slice]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What all slices of one contestant come to.

    `times_limit` and `p50_over_limit` (ms) compare neighbours of one round; the middle one counts.
    """

    images: int
    cpu_milliseconds: float  # an image
    p50_milliseconds: float
    p99_milliseconds: float
    images_a_second: float
    times_limit: float
    least_times_limit: float
    most_times_limit: float
    p50_over_limit: float

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, to four digits behind the point."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def measure_in_turn(contestants: Mapping[str, Contestant], rounds: int) -> dict[str, list[Slice]]:
    """Run each contestant once a round; who begins changes from round to round."""
    names = list(contestants)
    slices: dict[str, list[Slice]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            slices[name].append(contestants[name]())
    return slices


def sum_up(slices: Sequence[Slice], limit: Sequence[Slice]) -> Figure:
    """Make one figure of the slices of a contestant and those of the limit in the same rounds."""
    ratios = [
        (one.cpu_seconds / one.images) / (other.cpu_seconds / other.images)
        for one, other in zip(slices, limit, strict=True)
    ]
    over = [
        statistics.median(one.milliseconds) - statistics.median(other.milliseconds)
        for one, other in zip(slices, limit, strict=True)
    ]
    milliseconds = sorted(value for one in slices for value in one.milliseconds)
    images = sum(one.images for one in slices)
    return Figure(
        images=images,
        cpu_milliseconds=1000 * sum(one.cpu_seconds for one in slices) / images,
        p50_milliseconds=statistics.median(milliseconds),
        p99_milliseconds=milliseconds[min(len(milliseconds) - 1, int(len(milliseconds) * 0.99))],
        images_a_second=images / sum(one.wall_seconds for one in slices),
        times_limit=statistics.median(ratios),
        least_times_limit=min(ratios),
        most_times_limit=max(ratios),
        p50_over_limit=statistics.median(over),
    )


def sum_up_all(slices: Mapping[str, Sequence[Slice]]) -> dict[str, dict[str, Any]]:
    """Make a figure of each contestant; one of them is called `limit`."""
    return {name: sum_up(own, slices["limit"]).to_dict() for name, own in slices.items()}


def load_system(
    system: System, requests: Sequence[bytes], *, clients: int, seconds: float
) -> Slice:
    """Load a system for so long and read what it used for that."""
    generator = Clients(system.port, requests, clients)
    cpu_before = system.read_cpu_seconds()
    milliseconds, wall_seconds = generator.run(seconds)
    return Slice(
        cpu_seconds=system.read_cpu_seconds() - cpu_before,
        wall_seconds=wall_seconds,
        milliseconds=milliseconds,
    )
