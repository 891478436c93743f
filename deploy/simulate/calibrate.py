"""Measures a real Spotter on this machine: the numbers of `system.toml`, and runs to compare with.

A run starts `make up` on data of its own and sends photos at random times whether or not earlier
ones were answered, so that a queue can grow. Times are the ledger's own, from accepted to ended.
"""

import json
import queue
import resource
import statistics
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy.bench.load import Connection, make_raw_requests
from deploy.bench.photos import SMALL, make_photos
from deploy.bench.processes import TICKS_A_SECOND, find_tree
from deploy.bench.system import System, clean_environment
from deploy.simulate.summary import find_percentile
from deploy.simulate.system import SimulationError
from deploy.simulate.traces import Trace

SENDERS = 8
SETTLE_SECONDS = 120.0
PHOTOS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a real run came to. Costs are CPU seconds a picture."""

    jobs: int
    refused: int
    p50_seconds: float
    p95_seconds: float
    mean_seconds: float
    web_seconds: float
    ledger_seconds: float
    worker_seconds: float
    client_seconds: float
    tell_seconds: float  # of web, for asking about one ended job
    busy_seconds: tuple[float, ...]  # from the lease to the end, of each picture
    waiting_seconds: tuple[float, ...]  # from accepted to leased

    def as_dict(self) -> dict[str, Any]:
        """Return it for a JSON file, without the single pictures."""
        return {name: value for name, value in asdict(self).items() if not isinstance(value, tuple)}


def measure(trace: Trace, *, workers: int, folder: Path, environ: Mapping[str, str]) -> Measured:
    """Send a trace to a real Spotter with so many worker children.

    Raises:
        SimulationError: a picture was lost or not answered in time.
    """
    environment = clean_environment(environ)
    requests = make_raw_requests(make_photos(SMALL, PHOTOS), prefer="respond-async")
    system = System(folder=folder, environment=environment, workers=workers, durability="fast")
    with system:
        _warm_up(system, requests, workers)
        before, client_before = _read_costs(system.pid), _read_own_seconds()
        paths, refused = _send(system.port, trace, requests)
        _await_idle(system)
        after, client_after = _read_costs(system.pid), _read_own_seconds()
        jobs = [system.ask("GET", path)[1] for path in paths]
        told = _read_costs(system.pid)
    times = sorted(job["milliseconds"]["total"] / 1000 for job in jobs)
    costs = {name: (after[name] - before[name]) / len(jobs) for name in after}
    return Measured(
        jobs=len(jobs),
        refused=refused,
        p50_seconds=find_percentile(times, 50),
        p95_seconds=find_percentile(times, 95),
        mean_seconds=statistics.fmean(times),
        client_seconds=(client_after - client_before) / len(jobs),
        tell_seconds=(told["web_seconds"] - after["web_seconds"]) / len(jobs),
        busy_seconds=tuple(_read_busy(job) for job in jobs),
        waiting_seconds=tuple(job["milliseconds"]["waiting"] / 1000 for job in jobs),
        **costs,
    )


def _warm_up(system: System, requests: list[bytes], workers: int) -> None:
    connection = Connection(system.port)
    for request in requests * workers:
        connection.exchange(request)
    connection.close()
    _await_idle(system)


def _send(port: int, trace: Trace, requests: list[bytes]) -> tuple[list[str], int]:
    """Send every arrival at its time; return the paths of the jobs, and how many were refused."""
    due: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    paths: list[str] = []
    refused: list[int] = []

    def send() -> None:
        connection = Connection(port)
        while (number := due.get()) is not None:
            status, body = connection.exchange(requests[number % len(requests)])
            if status == 202:
                paths.append(_read_path(body))
            else:
                refused.append(status)
        connection.close()

    senders = [threading.Thread(target=send, daemon=True) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    began = time.monotonic()
    for number, arrival in enumerate(trace.arrivals):
        time.sleep(max(0.0, began + arrival.seconds - time.monotonic()))
        due.put(number)
    for _ in senders:
        due.put(None)
    for sender in senders:
        sender.join()
    return paths, len(refused)


def _read_path(body: bytes) -> str:
    return str(json.loads(body)["links"]["self"])


def _await_idle(system: System) -> None:
    """Wait until nothing waits or runs. Asked seldom: asking costs what is measured."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        ready = system.ask("GET", "/readyz")[1]
        if ready["waiting"] + ready["running"] == 0:
            return
        if time.monotonic() > end:
            raise SimulationError(f"not all jobs were answered in {SETTLE_SECONDS} s: {ready}")
        time.sleep(0.5)


def _read_busy(job: Mapping[str, Any]) -> float:
    if job["state"] != "succeeded" or len(job["outcome"]["stages"]) != 2:
        raise SimulationError(f"expected the outcome of both stages, got {job}")
    times = job["milliseconds"]
    return float(times["total"] - times["waiting"]) / 1000


def _read_own_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _read_costs(root: int) -> dict[str, float]:
    """Return the CPU seconds of web, ledger and workers; the keeper between them costs nothing."""
    costs = {"web_seconds": 0.0, "ledger_seconds": 0.0, "worker_seconds": 0.0}
    for process in find_tree(root):
        command = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace")
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        seconds = sum(map(int, fields[11:13])) / TICKS_A_SECOND
        if "gunicorn" in command:
            costs["web_seconds"] += seconds
        elif "valkey" in command or "redis" in command:
            costs["ledger_seconds"] += seconds
        elif "-m\0worker" in command or "billiard" in command:
            costs["worker_seconds"] += seconds
    return costs
