"""What is measured, in parts of a few minutes each; every part returns plain data for JSON."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from deploy.bench.batches import load_with_batches
from deploy.bench.limit import Limit
from deploy.bench.load import make_form_requests, make_raw_requests
from deploy.bench.measuring import Contestant, load_system, measure_in_turn, sum_up_all
from deploy.bench.photos import LARGE, MEDIUM, SMALL, Size, make_photos, write_photos
from deploy.bench.queues import measure_queue
from deploy.bench.system import System, count_cores

ONE_THREAD = {"SPOTTER_LONE_THREADS": "1"}
ALLOW_REUSE = "wait=25, reuse=3600"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured."""

    seconds: float = 1.5  # a slice
    rounds: int = 5
    growth_rounds: int = 2
    photos: int = 12  # different ones of each size
    clients: Sequence[int] = (1, 8, 32)
    larger: Sequence[Size] = (MEDIUM, LARGE)
    batch: int = 100  # photos in a batch
    batches: int = 4
    starts: int = 3
    workers: int = 2
    idle_seconds: float = 20.0
    growth_clients: Sequence[int] = (1, 2, 4, 8, 16, 32, 64)
    growth_workers: Sequence[int] = (1, 2)
    waiting: Sequence[int] = (0, 1000, 10_000)


FULL = Extent()
# For a test: does it run, are the numbers there; they mean little.
SHORT = Extent(
    seconds=0.4,
    rounds=1,
    growth_rounds=1,
    photos=2,
    clients=(2,),
    larger=(),
    batch=4,
    batches=1,
    starts=1,
    workers=1,
    idle_seconds=1.0,
    growth_clients=(1, 2),
    growth_workers=(1,),
    waiting=(0, 20),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where and how much to measure. `folder` is empty and ours."""

    folder: Path
    environment: Mapping[str, str]
    extent: Extent
    say: Callable[[str], None] = lambda _: None

    def open_system(self, name: str, **options: Any) -> System:
        """Describe a system with its data in a folder of this name."""
        options = {"workers": self.extent.workers, **options}
        return System(folder=self.folder / name, environment=self.environment, **options)

    def open_limit(self, photos: Sequence[bytes], name: str) -> Limit:
        """Describe the bare loops over these photos, one a core."""
        paths = write_photos(photos, self.folder / name)
        return Limit(paths, self.environment, processes=count_cores())


def measure_photos(bench: Bench) -> dict[str, Any]:
    """Single photos as a webcam gives them."""
    return _measure_sizes(bench, (SMALL,))


def measure_larger(bench: Bench) -> dict[str, Any]:
    """Single photos as phones give them."""
    return _measure_sizes(bench, bench.extent.larger)


def _measure_sizes(bench: Bench, sizes: Sequence[Size]) -> dict[str, Any]:
    """Photos of each size by each number of clients.

    The contestants are the limit, `fast` with raw bodies and with forms, `strict`, and for small
    photos `one_thread`, which takes a lone photo like any other, and `reused`: photos that were
    seen before, from clients that allow an answer to be given again.
    """
    extent, cells = bench.extent, []
    with ExitStack() as stack:
        fast = stack.enter_context(bench.open_system("fast"))
        strict = stack.enter_context(bench.open_system("strict", durability="strict"))
        one_thread = stack.enter_context(bench.open_system("one-thread", more=ONE_THREAD))
        for size in sizes:
            photos = make_photos(size, extent.photos)
            raw, form = make_raw_requests(photos), make_form_requests(photos)
            with bench.open_limit(photos, f"photos-{size.name}") as limit:
                for system in (fast, strict, one_thread):
                    load_system(system, raw, clients=4, seconds=0.3)  # first runs are slower
                for clients in extent.clients:
                    loaded = partial(load_system, clients=clients, seconds=extent.seconds)
                    contestants: dict[str, Contestant] = {
                        "limit": partial(
                            limit.run, extent.seconds, processes=min(clients, count_cores())
                        ),
                        "fast": partial(loaded, fast, raw),
                        "fast_form": partial(loaded, fast, form),
                        "strict": partial(loaded, strict, raw),
                    }
                    if size is SMALL and clients == min(extent.clients):
                        contestants["one_thread"] = partial(loaded, one_thread, raw)
                    if size is SMALL:
                        again = make_raw_requests(photos, prefer=ALLOW_REUSE)
                        contestants["reused"] = partial(loaded, fast, again)
                        load_system(fast, again, clients=len(photos), seconds=0.1)
                    figures = sum_up_all(measure_in_turn(contestants, extent.rounds))
                    cells.append({"size": size.name, "clients": clients, **figures})
                    bench.say(_tell(f"{size.name}, {clients} clients", figures))
            bytes_a_photo = round(statistics.mean(map(len, photos)))
            for cell in cells:
                if cell["size"] == size.name:
                    cell["bytes"] = bytes_a_photo
    return {"rounds": extent.rounds, "cells": cells}


def _tell(what: str, figures: Mapping[str, Mapping[str, float]]) -> str:
    ratios = (f"{name} {one['times_limit']:.2f}" for name, one in figures.items())
    return f"  {what}: x limit: {', '.join(ratios)}"


def measure_batches(bench: Bench) -> dict[str, Any]:
    """Batches of small photos against the limit on all cores."""
    extent = bench.extent
    photos = make_photos(SMALL, extent.photos)
    with (
        bench.open_system("fast") as fast,
        bench.open_limit(photos, "photos") as limit,
    ):
        load_system(fast, make_raw_requests(photos), clients=4, seconds=0.3)
        batch = [photos[place % len(photos)] for place in range(extent.batch)]
        contestants: dict[str, Contestant] = {
            "limit": partial(limit.run, extent.seconds * 2, processes=count_cores()),
            "fast": partial(load_with_batches, fast, batch, count=extent.batches),
        }
        figures = sum_up_all(measure_in_turn(contestants, extent.rounds))
    return {"rounds": extent.rounds, "batch": extent.batch, "batches": extent.batches, **figures}


def measure_start(bench: Bench) -> dict[str, Any]:
    """Time from `make up` to the first answer; then memory, and CPU without any work."""
    extent, seconds = bench.extent, []
    photos = make_photos(SMALL, extent.photos)
    result: dict[str, Any] = {}
    for turn in range(extent.starts):
        system = bench.open_system(f"start-{turn}", durability="strict")
        began = time.perf_counter()
        system.launch()
        try:
            system.await_first_answer(photos[0])
            seconds.append(round(time.perf_counter() - began, 3))
            if turn == extent.starts - 1:
                result = _measure_memory_and_idling(system, photos, extent)
        finally:
            system.__exit__()
    return {"rounds": extent.starts, "seconds": seconds, **result}


def _measure_memory_and_idling(
    system: System, photos: Sequence[bytes], extent: Extent
) -> dict[str, Any]:
    load_system(system, make_raw_requests(photos), clients=8, seconds=extent.seconds * 2)
    memory = system.read_pss_megabytes()
    time.sleep(min(4.0, extent.idle_seconds))  # drains linger for two seconds
    cpu_before = system.read_cpu_seconds()
    time.sleep(extent.idle_seconds)
    used = system.read_cpu_seconds() - cpu_before
    return {
        "pss_megabytes": {name: round(size, 1) for name, size in memory.items()},
        "idle_percent_of_a_core": round(100 * used / extent.idle_seconds, 2),
    }


def measure_clients(bench: Bench) -> dict[str, Any]:
    """How cost and time grow with clients, for each number of workers."""
    extent, cells = bench.extent, []
    rounds = extent.growth_rounds
    photos = make_photos(SMALL, extent.photos)
    requests = make_raw_requests(photos)
    with bench.open_limit(photos, "photos") as limit:
        for workers in extent.growth_workers:
            with bench.open_system(f"workers-{workers}", workers=workers) as system:
                load_system(system, requests, clients=4, seconds=0.3)
                for clients in extent.growth_clients:
                    busy = min(clients, workers, count_cores())
                    contestants: dict[str, Contestant] = {
                        "limit": partial(limit.run, extent.seconds, processes=busy),
                        "fast": partial(
                            load_system, system, requests, clients=clients, seconds=extent.seconds
                        ),
                    }
                    figures = sum_up_all(measure_in_turn(contestants, rounds))
                    cells.append({"workers": workers, "clients": clients, **figures})
                    bench.say(_tell(f"{workers} workers, {clients} clients", figures))
    return {"rounds": rounds, "cells": cells}


def measure_queues(bench: Bench) -> dict[str, Any]:
    """How cost and time grow with the jobs that wait already."""
    extent = bench.extent
    photos = make_photos(SMALL, extent.photos, quality=45)  # 10,000 must fit into memory
    cells = []
    with bench.open_limit(photos, "photos") as limit:
        for waiting in extent.waiting:
            more = {"SPOTTER_MAX_WAITING": "20000", "SPOTTER_MAX_WAITING_BYTES": str(2**30)}
            more["SPOTTER_MAX_MEMORY"] = "2gb"
            with bench.open_system(f"waiting-{waiting}", more=more) as system:
                load_system(system, make_raw_requests(photos), clients=4, seconds=0.3)
                cells.append(
                    measure_queue(
                        system, limit, photos, waiting=waiting, seconds=extent.seconds * 2
                    )
                )
    return {"rounds": 1, "cells": cells}


PARTS = {
    "photos": measure_photos,
    "larger": measure_larger,
    "batches": measure_batches,
    "start": measure_start,
    "clients": measure_clients,
    "queue": measure_queues,
}
