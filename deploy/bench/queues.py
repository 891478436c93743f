"""A system in whose queue many jobs wait already: what a person's one photo costs then."""

import time
from collections.abc import Sequence
from typing import Any

from deploy.bench.batches import send_batch
from deploy.bench.limit import Limit
from deploy.bench.load import (
    BATCHES,
    Clients,
    Connection,
    Slice,
    make_form,
    make_raw_requests,
    make_request,
)
from deploy.bench.measuring import sum_up
from deploy.bench.system import BenchError, System, count_cores

BATCH = 100
CLIENTS = 2


def measure_queue(
    system: System, limit: Limit, photos: Sequence[bytes], *, waiting: int, seconds: float
) -> dict[str, Any]:
    """Fill the queue, then have two people send photos; the CPU is that of all jobs of that time.

    `waiting` in the answer is what really waited when the two began and when they ended.
    """
    before = limit.run(seconds / 2, processes=count_cores())
    if waiting:
        _fill(system, photos, waiting)
    people = Clients(system.port, make_raw_requests(photos), CLIENTS)
    waits_before, cpu_before = _count_unfinished(system), system.read_cpu_seconds()
    milliseconds, wall_seconds = people.run(seconds)
    cpu_seconds = system.read_cpu_seconds() - cpu_before
    waits_after = _count_unfinished(system)
    if waiting and not waits_after:
        raise BenchError(f"The queue of {waiting} was empty before the measurement was over.")
    figure = sum_up(
        [Slice(cpu_seconds=cpu_seconds, wall_seconds=wall_seconds, milliseconds=milliseconds)],
        [before],
    ).to_dict()
    # The people's images and those out of the queue.
    images = len(milliseconds) + max(0, waits_before - waits_after)
    cost = cpu_seconds / images
    return {
        "asked": waiting,
        "waiting": [waits_before, waits_after],
        "p50_milliseconds": figure["p50_milliseconds"],
        "p99_milliseconds": figure["p99_milliseconds"],
        "cpu_milliseconds": round(cost * 1000, 4),
        "times_limit": round(cost / (before.cpu_seconds / before.images), 4),
        "images_a_second": round(images / wall_seconds, 1),
    }


def _fill(system: System, photos: Sequence[bytes], waiting: int) -> None:
    """Send batches until so many jobs wait."""
    body, kind = make_form([photos[place % len(photos)] for place in range(min(BATCH, waiting))])
    request = make_request(BATCHES, body, content_type=kind)
    connection = Connection(system.port)
    end = time.monotonic() + 120
    try:
        while _count_unfinished(system) < waiting:
            for _ in range(max(1, waiting // BATCH // 20)):
                send_batch(connection, request)
            if time.monotonic() > end:
                raise BenchError(f"The queue did not reach {waiting} jobs in two minutes.")
    finally:
        connection.close()


def _count_unfinished(system: System) -> int:
    _, ready = system.ask("GET", "/readyz")
    return int(ready["waiting"]) + int(ready["running"])
