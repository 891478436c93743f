"""What a load far past one queue server needs, worked out from a picture's costs."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from deploy.simulate.platforms import Platform
from deploy.simulate.summary import price_month, read_prices
from deploy.simulate.system import System

BUSY = 0.8  # how busy worker and web may be, so that pictures do not wait
LEDGER_BUSY = 0.5  # of Redis's one thread: what is late there is late for everybody
PICTURE_BYTES = 60_000
MONTH_SECONDS = 730 * 3600


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
    worker_cores = math.ceil(rate * system.calm.mean_service_seconds / BUSY)
    instances = math.ceil(worker_cores / platform.children)
    return Need(
        rate=rate,
        worker_cores=worker_cores,
        worker_instances=instances,
        dollars_a_month=price_month(
            instances, platform.price, cpus=platform.cpus, gigabytes=platform.gigabytes
        ),
        web_cores=math.ceil(rate * system.web_seconds / BUSY),
        cells=math.ceil(rate * system.calm.ledger_seconds / LEDGER_BUSY),
        megabytes_a_second=rate * PICTURE_BYTES / 1e6,
    )


def write_needs(system: System, platform: Platform, rates: tuple[float, ...]) -> str:
    """Write one column a rate."""
    needs = [find_need(system, platform, rate) for rate in rates]
    rows = [
        ("frames a second", [f"{need.rate:,.0f}" for need in needs]),
        (
            f"worker cores, {1000 * system.calm.mean_service_seconds:.0f} ms a frame",
            [f"{need.worker_cores:,}" for need in needs],
        ),
        ("instances of " + platform.rule.title, [f"{need.worker_instances:,}" for need in needs]),
        ("dollars a month for them", [f"{need.dollars_a_month:,.0f}" for need in needs]),
        (
            f"web cores, {1000 * system.web_seconds:.1f} ms a frame",
            [f"{need.web_cores:,}" for need in needs],
        ),
        (
            f"queue servers, {1000 * system.calm.ledger_seconds:.2f} ms a frame",
            [f"{need.cells:,}" for need in needs],
        ),
        ("MB a second in and out of them", [f"{need.megabytes_a_second:,.0f}" for need in needs]),
    ]
    head, *rest = rows
    lines = [f"| {head[0]} | {' | '.join(head[1])} |", "|---" * (len(needs) + 1) + "|"]
    return "\n".join(lines + [f"| {name} | {' | '.join(cells)} |" for name, cells in rest]) + "\n"


def write_offers(system: System, rate: float) -> str:
    """Write what could carry or keep pictures at such a rate, and its price a month by formula."""
    lines = [f"| at {rate:,.0f} frames a second | formula | dollars a month |", "|---|---|---|"]
    cells = math.ceil(rate * system.calm.ledger_seconds / LEDGER_BUSY)
    rows = (*_price_queues(cells), *_price_traffic(rate))
    return "\n".join(lines + [f"| {a} | {b} | {c:,.0f} |" for a, b, c in rows]) + "\n"


Offer = tuple[str, str, float]  # what, formula, dollars a month


def _price_queues(cells: int) -> Iterator[Offer]:
    """Price so many queue servers, apart and as the shards of a cluster."""
    prices = read_prices("others")
    hour = prices["memorystore_gigabyte_hour"]
    yield (
        "queue servers of a gigabyte each (cells)",
        f"{cells} x 730 h x {hour:g}",
        cells * 730 * hour,
    )
    hour = prices["valkey_node_hour"]
    yield (
        "the same as shards of a Valkey cluster, a replica each",
        f"2 x {cells} x 730 h x {hour:g}",
        2 * cells * 730 * hour,
    )


def _price_traffic(rate: float) -> Iterator[Offer]:
    """Price what is billed by the frame or by the byte."""
    prices = read_prices("others")
    millions = rate * MONTH_SECONDS / 1e6
    gigabytes = rate * PICTURE_BYTES * MONTH_SECONDS / 1e9
    write, read = prices["storage_million_writes"], prices["storage_million_reads"]
    for what, number, unit, price in (
        ("requests to Cloud Run, one a frame", millions, "million", "cloud_run_million_requests"),
        ("a load balancer in front", gigabytes, "GB", "load_balancer_gigabyte"),
    ):
        yield what, f"{number:,.0f} {unit} x {prices[price]:g}", number * prices[price]
    yield (
        "each picture written to object storage and read once",
        f"{millions:,.0f} million x ({write:g} + {read:g})",
        millions * (write + read),
    )
    terabyte = prices["pubsub_terabyte"]
    yield (
        "each picture through Pub/Sub, in and out",
        f"2 x {gigabytes / 1000:,.0f} TB x {terabyte:g}",
        2 * gigabytes / 1000 * terabyte,
    )
    gigabyte = prices["between_regions_gigabyte"]
    yield (
        "each picture to another region of the continent",
        f"{gigabytes:,.0f} GB x {gigabyte:g}",
        gigabytes * gigabyte,
    )
