"""What a load far past one queue server needs, worked out from a picture's costs."""

import math
from dataclasses import dataclass

from deploy.simulate.platforms import Platform
from deploy.simulate.summary import price_month
from deploy.simulate.system import System

BUSY = 0.8  # how busy worker and web may be, so that pictures do not wait
LEDGER_BUSY = 0.5  # of Redis's one thread: what is late there is late for everybody
PICTURE_BYTES = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What so many frames a second need."""

    rate: float
    worker_cores: int
    worker_instances: int
    dollars_a_month: float
    web_cores: int
    cells: int  # queue servers
    megabytes_a_second: float


def find_need(system: System, platform: Platform, rate: float) -> Need:
    """Work out what `rate` frames a second need on a platform."""
    worker_cores = math.ceil(rate * system.mean_service_seconds / BUSY)
    instances = math.ceil(worker_cores / platform.children)
    return Need(
        rate=rate,
        worker_cores=worker_cores,
        worker_instances=instances,
        dollars_a_month=price_month(
            instances, platform.price, cpus=platform.cpus, gigabytes=platform.gigabytes
        ),
        web_cores=math.ceil(rate * system.web_seconds / BUSY),
        cells=math.ceil(rate * system.ledger_seconds / LEDGER_BUSY),
        megabytes_a_second=rate * PICTURE_BYTES / 1e6,
    )


def write_needs(system: System, platform: Platform, rates: tuple[float, ...]) -> str:
    """Write one column a rate."""
    needs = [find_need(system, platform, rate) for rate in rates]
    rows = [
        ("frames a second", [f"{need.rate:,.0f}" for need in needs]),
        (
            f"worker cores, {1000 * system.mean_service_seconds:.0f} ms a frame",
            [f"{need.worker_cores:,}" for need in needs],
        ),
        ("instances of " + platform.rule.title, [f"{need.worker_instances:,}" for need in needs]),
        ("dollars a month for them", [f"{need.dollars_a_month:,.0f}" for need in needs]),
        (
            f"web cores, {1000 * system.web_seconds:.1f} ms a frame",
            [f"{need.web_cores:,}" for need in needs],
        ),
        (
            f"queue servers, {1000 * system.ledger_seconds:.2f} ms a frame",
            [f"{need.cells:,}" for need in needs],
        ),
        ("MB a second in and out of them", [f"{need.megabytes_a_second:,.0f}" for need in needs]),
    ]
    head, *rest = rows
    lines = [f"| {head[0]} | {' | '.join(head[1])} |", "|---" * (len(needs) + 1) + "|"]
    return "\n".join(lines + [f"| {name} | {' | '.join(cells)} |" for name, cells in rest]) + "\n"
