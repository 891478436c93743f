"""Traces: who sends pictures and when, as plain lists of arrivals, the same for the same seed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

DAY_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One picture that comes to the door. `bulk`: part of a folder or batch.

    `waits`: the caller wants the answer within the second (`Prefer: wait`) and is refused where it
    would be late; the pages do not, they follow the job. Of one `owner` only a few waiting pictures
    are interactive, the others are bulk; None: a person who has no other picture waiting.
    """

    seconds: float
    bulk: bool = False
    waits: bool = False
    camera: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Arrivals in the order of time, over `seconds`."""

    name: str
    title: str
    seconds: float
    arrivals: tuple[Arrival, ...]


def make_steady(rate: float, seconds: float, seed: int) -> Trace:
    """People who send single photos independently of each other, `rate` a second."""
    times = _draw_times(lambda _: rate, rate, seconds, Random(seed))  # noqa: S311  no secret
    return Trace(
        name="steady",
        title=f"steady, {rate:g} photos a second",
        seconds=seconds,
        arrivals=tuple(Arrival(seconds=at) for at in times),
    )


def make_burst(
    rate: float, seconds: float, seed: int, *, factor: float = 10, begin: float, length: float
) -> Trace:
    """Steady, but for `length` seconds from `begin` on `factor` times as much."""

    def rate_at(at: float) -> float:
        return rate * (factor if begin <= at < begin + length else 1)

    times = _draw_times(rate_at, rate * factor, seconds, Random(seed))  # noqa: S311
    return Trace(
        name="burst",
        title=f"{rate:g} a second, for {length:g} s {factor:g} times that",
        seconds=seconds,
        arrivals=tuple(Arrival(seconds=at) for at in times),
    )


def make_day(peak: float, seconds: float, seed: int, *, night_share: float = 0.05) -> Trace:
    """A day squeezed into `seconds`: quiet at night, `peak` photos a second at 13 and 20 h."""

    def rate_at(at: float) -> float:
        hour = 24 * at / seconds
        # Two bells, at 13 and 20 o'clock, over what comes at night as well.
        bells = math.exp(-(((hour - 13) / 2.5) ** 2)) + math.exp(-(((hour - 20) / 1.8) ** 2))
        return peak * max(night_share, bells)

    times = _draw_times(rate_at, 1.2 * peak, seconds, Random(seed))  # noqa: S311
    return Trace(
        name="day",
        title=f"a day in {seconds / 3600:g} h, up to {peak:g} a second",
        seconds=seconds,
        arrivals=tuple(Arrival(seconds=at) for at in times),
    )


def make_cameras(count: int, interval: float, seconds: float, seed: int) -> Trace:
    """Cameras that each send a frame every `interval` seconds, each with its own phase."""
    random = Random(seed)  # noqa: S311
    arrivals = []
    for number in range(count):
        at = random.uniform(0, interval)
        while at < seconds:
            arrivals.append(Arrival(seconds=at, camera=f"camera-{number}"))
            # Clocks of browsers and phones drift and their timers are coarse.
            at += interval * random.uniform(0.98, 1.02)
    arrivals.sort(key=lambda arrival: arrival.seconds)
    return Trace(
        name="cameras",
        title=f"{count:,} cameras, a frame every {interval:g} s",
        seconds=seconds,
        arrivals=tuple(arrivals),
    )


def _draw_times(rate_at: object, most: float, seconds: float, random: Random) -> Iterator[float]:
    """Draw a Poisson process whose rate changes, by thinning (Lewis and Shedler, 1979)."""
    assert callable(rate_at)
    at = random.expovariate(most)
    while at < seconds:
        if random.random() * most < rate_at(at):
            yield at
        at += random.expovariate(most)
