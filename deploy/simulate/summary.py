"""What a run comes to: waiting times, refusals, instances and money."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.simulate.world import Record

PRICES = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One run in numbers; seconds are from the door to the answer."""

    sent: int
    answered: int
    refused: int  # by web, since the ledger is full or the answer would be late
    turned_away: int  # by the platform, since web is full
    superseded: int
    unanswered: int
    p50_seconds: float
    p95_seconds: float
    p99_seconds: float
    most_waiting: int
    most_instances: int
    mean_instances: float
    most_web: int
    mean_web: float
    mean_web_active: float  # with a request in hand


def summarise(record: Record, trace_seconds: float) -> Summary:
    """Sum a run up; instances are counted over the time of the trace."""
    done = [job for job in record.jobs if job.ended is not None and not job.superseded]
    times = sorted(job.ended - job.arrived for job in done if job.ended is not None)
    within = [sample for sample in record.samples if sample.seconds < trace_seconds]
    return Summary(
        sent=len(record.jobs) + record.refused.total() + record.turned_away,
        answered=len(done),
        refused=record.refused.total(),
        turned_away=record.turned_away,
        superseded=sum(job.superseded for job in record.jobs),
        unanswered=sum(job.ended is None for job in record.jobs),
        p50_seconds=find_percentile(times, 50),
        p95_seconds=find_percentile(times, 95),
        p99_seconds=find_percentile(times, 99),
        most_waiting=max((sample.waiting for sample in record.samples), default=0),
        most_instances=max((sample.instances for sample in within), default=0),
        mean_instances=_mean([sample.instances for sample in within]),
        most_web=max((sample.web_instances for sample in within), default=0),
        mean_web=_mean([sample.web_instances for sample in within]),
        mean_web_active=_mean([sample.web_active for sample in within]),
    )


def _mean(values: list[int]) -> float:
    return sum(values) / max(1, len(values))


def find_percentile(ordered: list[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of the ordered values do not exceed."""
    if not ordered:
        return 0.0
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def read_prices(table: str) -> dict[str, Any]:
    """Return one table of prices.toml."""
    found: dict[str, Any] = tomllib.loads(PRICES.read_text(encoding="utf-8"))[table]
    return found


def price_month(
    instances: float, platform: str, *, cpus: float, gigabytes: float, idle: bool = False
) -> float:
    """Return the dollars that so many instances on average cost in a month of 730 hours."""
    prices = read_prices(platform)
    kind = "idle_" if idle else ""
    second = cpus * prices[f"{kind}cpu_second"] + gigabytes * prices[f"{kind}gigabyte_second"]
    return float(instances * second * 730 * 3600)
