"""Every load under every platform's rules, and what comes of other values of a rule."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from deploy.simulate.platforms import Platform
from deploy.simulate.scaling import Rule
from deploy.simulate.summary import Summary, price_month, summarise
from deploy.simulate.system import System
from deploy.simulate.traces import Trace, make_burst, make_cameras, make_day, make_steady
from deploy.simulate.world import Record, World

SEED = 1
# Values that were tried against each other, one at a time, on Cloud Run: of the workers' rule, and
# of web (`web.`).
TRIED: dict[str, tuple[float, ...]] = {
    "poll_seconds": (5, 10, 15, 30),
    "interactive_target": (5, 10, 20, 50),
    "bulk_target": (20, 50, 100, 200),
    "grow_count": (0, 3),
    "stabilise_seconds": (60, 120, 300),
    "most": (2, 4, 8),
    "least": (1, 2),
    "web.concurrency": (80, 200, 250),
    "web.most": (1, 2, 4, 8),
    "web.least": (0, 1, 2),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One load under one platform's rules."""

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

    @property
    def web_dollars_a_month(self) -> float:
        """Return what web's instances would cost.

        Where requests are billed, an instance costs its full price with a request in hand; without
        one those that always stay cost the idle price.
        """
        web, found = self.platform.web, self.summary
        if web is None:
            return 0.0
        price = partial(price_month, platform=web.price, cpus=web.cpus, gigabytes=web.gigabytes)
        if not web.idle_price:
            return price(found.mean_web)
        active = found.mean_web_active
        return price(active) + price(max(0.0, web.rule.least - active), idle=True)


def make_traces() -> list[Trace]:
    """Make the loads of the report."""
    return [
        make_steady(10, 900, SEED),
        make_burst(10, 900, SEED, begin=120, length=120),
        make_day(60, 1800, SEED),
        make_cameras(1000, 10, 600, SEED),
    ]


def run(system: System, trace: Trace, platform: Platform) -> Run:
    """Simulate one load on one platform, each worker child on a core of its own."""
    world = World(system, platform.rule, children=platform.children, seed=SEED, web=platform.web)
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


def change(platform: Platform, name: str, value: float) -> Platform:
    """Return the platform with another value, by the name that the report gives it."""
    if not name.startswith("web."):
        return dataclasses.replace(platform, rule=_change_rule(platform.rule, name, value))
    web = platform.web
    assert web is not None
    if name == "web.concurrency":
        target = (web.rule.requests_target or 0) * value / web.concurrency  # a share of it
        rule = _change_rule(web.rule, "requests_target", target)
        return dataclasses.replace(
            platform, web=dataclasses.replace(web, concurrency=int(value), rule=rule)
        )
    rule = _change_rule(web.rule, name.removeprefix("web."), value)
    return dataclasses.replace(platform, web=dataclasses.replace(web, rule=rule))


def _change_rule(rule: Rule, name: str, value: float) -> Rule:
    kind = type(getattr(rule, name))
    return dataclasses.replace(rule, **{name: kind(value)})


def read_value(platform: Platform, name: str) -> float:
    """Return what the platform's files say of a tried value, by the name in the report."""
    rule, web = platform.rule, platform.web
    if name.startswith("web."):
        assert web is not None
        if name == "web.concurrency":
            return web.concurrency
        rule = web.rule
    found: float = getattr(rule, name.removeprefix("web."))
    return found


def try_values(system: System, platform: Platform) -> Iterator[tuple[str, float, list[Run]]]:
    """Change one value at a time; yield its name, the value and its runs.

    The loads are those in which a rule matters: the burst and the cameras.
    """
    traces = [
        make_burst(10, 600, SEED, begin=120, length=120),
        make_cameras(1000, 10, 300, SEED),
    ]
    for name, values in TRIED.items():
        for value in values:
            changed = change(platform, name, value)
            yield name, value, [run(system, trace, changed) for trace in traces]
