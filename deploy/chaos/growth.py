"""What a system holds at one moment: memory, open files, connections to the queue server."""

import contextlib
from dataclasses import dataclass

import psutil

from deploy.chaos.system import System
from deploy.embedded_redis.errors import QueueServerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Totals over all processes of a system; `queue_bytes` is the data in the queue server."""

    processes: int
    pss_megabytes: float
    open_files: int
    connections: int
    queue_megabytes: float


def measure(system: System) -> Holding:
    """Add up what every process of the system holds now."""
    pss, files, count = 0.0, 0, 0
    for process in system.list_processes():
        with contextlib.suppress(psutil.Error):
            pss += process.memory_full_info().pss / 1e6
            files += process.num_fds()
            count += 1
    return Holding(
        processes=count,
        pss_megabytes=pss,
        open_files=files,
        connections=_read_number(system, "clients", "connected_clients"),
        queue_megabytes=_read_number(system, "memory", "used_memory") / 1e6,
    )


def _read_number(system: System, section: str, name: str) -> int:
    try:
        lines = system.ask_queue("INFO", section).splitlines()
    except (OSError, QueueServerError):
        return 0
    return next((int(line.split(":")[1]) for line in lines if line.startswith(f"{name}:")), 0)
