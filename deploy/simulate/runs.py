"""Every load under every platform's rule, and what comes of other values of a rule."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy.simulate.platforms import Platform
from deploy.simulate.summary import Summary, price_month, summarise
from deploy.simulate.system import System
from deploy.simulate.traces import Trace, make_burst, make_cameras, make_day, make_steady
from deploy.simulate.world import Record, World

SEED = 1
# Values that were tried against each other, one at a time, on the worker pool of Cloud Run.
TRIED: dict[str, tuple[float, ...]] = {
    "interactive_target": (5, 10, 20, 50),
    "poll_seconds": (5, 15, 30),
    "stabilise_seconds": (60, 120, 300),
    "most": (2, 4, 8),
    "least": (1, 2),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One load under one platform's rule."""

    trace: Trace
    platform: Platform
    record: Record
    summary: Summary

    @property
    def dollars_a_month(self) -> float:
        """Return what the worker instances would cost if every hour were like this one."""
        place = self.platform
        return price_month(
            self.summary.mean_instances, place.price, cpus=place.cpus, gigabytes=place.gigabytes
        )


def make_traces() -> list[Trace]:
    """Make the loads of the report."""
    return [
        make_steady(10, 900, SEED),
        make_burst(10, 900, SEED, begin=120, length=120),
        make_day(60, 3600, SEED),
        make_cameras(1000, 10, 600, SEED),
    ]


def run(system: System, trace: Trace, platform: Platform) -> Run:
    """Simulate one load on one platform, each worker child on a core of its own."""
    world = World(system, platform.rule, children=platform.children, seed=SEED)
    record = world.run(trace)
    return Run(
        trace=trace,
        platform=platform,
        record=record,
        summary=summarise(record, trace.seconds),
    )


def run_all(system: System, platforms: Sequence[Platform]) -> list[Run]:
    """Simulate every load on every platform."""
    return [run(system, trace, platform) for trace in make_traces() for platform in platforms]


def try_values(system: System, platform: Platform) -> Iterator[tuple[str, float, list[Run]]]:
    """Change one value of the rule at a time; yield its name, the value and its runs.

    The loads are those in which a rule matters: the burst and the cameras.
    """
    traces = [trace for trace in make_traces() if trace.name in ("burst", "cameras")]
    for name, values in TRIED.items():
        for value in values:
            kind = type(getattr(platform.rule, name))
            rule = dataclasses.replace(platform.rule, **{name: kind(value)})
            changed = dataclasses.replace(platform, rule=rule)
            yield name, value, [run(system, trace, changed) for trace in traces]
