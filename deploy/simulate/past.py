"""What a load far past one queue server needs, worked out from a picture's costs."""

import math
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
    prices = read_prices("others")
    millions = rate * MONTH_SECONDS / 1e6
    gigabytes = rate * PICTURE_BYTES * MONTH_SECONDS / 1e9
    cells = math.ceil(rate * system.calm.ledger_seconds / LEDGER_BUSY)
    rows = [
        (
            "queue servers of a gigabyte each (cells)",
            f"{cells} x 730 h x {prices['memorystore_gigabyte_hour']:g}",
            cells * 730 * prices["memorystore_gigabyte_hour"],
        ),
        (
            "the same as shards of a Valkey cluster, a replica each",
            f"2 x {cells} x 730 h x {prices['valkey_node_hour']:g}",
            2 * cells * 730 * prices["valkey_node_hour"],
        ),
        (
            "requests to Cloud Run, one a frame",
            f"{millions:,.0f} million x {prices['cloud_run_million_requests']:g}",
            millions * prices["cloud_run_million_requests"],
        ),
        (
            "a load balancer in front",
            f"{gigabytes:,.0f} GB x {prices['load_balancer_gigabyte']:g}",
            gigabytes * prices["load_balancer_gigabyte"],
        ),
        (
            "each picture written to object storage and read once",
            f"{millions:,.0f} million x "
            f"({prices['storage_million_writes']:g} + {prices['storage_million_reads']:g})",
            millions * (prices["storage_million_writes"] + prices["storage_million_reads"]),
        ),
        (
            "each picture through Pub/Sub, in and out",
            f"2 x {gigabytes / 1000:,.0f} TB x {prices['pubsub_terabyte']:g}",
            2 * gigabytes / 1000 * prices["pubsub_terabyte"],
        ),
        (
            "each picture to another region of the continent",
            f"{gigabytes:,.0f} GB x {prices['between_regions_gigabyte']:g}",
            gigabytes * prices["between_regions_gigabyte"],
        ),
    ]
    lines = [f"| at {rate:,.0f} frames a second | formula | dollars a month |", "|---|---|---|"]
    return "\n".join(lines + [f"| {a} | {b} | {c:,.0f} |" for a, b, c in rows]) + "\n"
