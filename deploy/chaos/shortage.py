"""Faults of want: the queue server has no room on its disk, or no memory left."""

import contextlib
import resource
import time
from collections.abc import Iterator

import psutil

from deploy.chaos.scene import Scene
from deploy.chaos.system import System
from deploy.embedded_redis.errors import QueueServerError

SHORT_SECONDS = 5.0
ROOM_BYTES = 50_000  # what the files may still grow by: some pictures, then a write fails half-way
BALLAST = "spotter:ballast:"
BALLAST_BYTES = 400 * 2**20  # of one key; a server takes up to 512 MiB


def fill_the_disk(scene: Scene) -> None:
    """Limit the size of the server's files, which fails a write half-way as a full disk does.

    With `appendfsync always` the server ends rather than lie; each next one gets the same limit
    until the disk has room again.
    """
    limited: psutil.Process | None = None
    until = time.monotonic() + SHORT_SECONDS
    while time.monotonic() < until:
        queue = scene.system.look_for("queue")
        if queue is not None and queue != limited:
            with contextlib.suppress(psutil.Error):
                _limit_files(queue, scene.system.largest_queue_file() + ROOM_BYTES)
                limited = queue
        time.sleep(0.05)
    if limited is not None:
        with contextlib.suppress(psutil.Error):
            _limit_files(limited, resource.RLIM_INFINITY)


def _limit_files(process: psutil.Process, size: int) -> None:
    _, hard = process.rlimit(resource.RLIMIT_FSIZE)
    process.rlimit(resource.RLIMIT_FSIZE, (size, hard))


def fill_the_memory(scene: Scene) -> None:
    """Fill the server's memory to its limit with keys of nobody's, and delete them again."""
    until = time.monotonic() + SHORT_SECONDS
    keys = [f"{BALLAST}{number}" for number in range(8)]
    for key in keys:
        with contextlib.suppress(OSError, QueueServerError):
            missing = _read_free_bytes(scene.system)
            if missing <= 0:
                break
            # One byte at the far end: a small command, and the server makes all the rest zeros.
            scene.system.ask_queue("SETRANGE", key, str(min(missing, BALLAST_BYTES)), "x")
    time.sleep(max(0.0, until - time.monotonic()))
    for _ in _try_until_done():
        with contextlib.suppress(OSError, QueueServerError):
            scene.system.ask_queue("DEL", *keys)
            return


def _read_free_bytes(system: System) -> int:
    lines = dict(
        line.strip().split(":", 1)
        for line in system.ask_queue("INFO", "memory").splitlines()
        if ":" in line
    )
    return int(lines["maxmemory"]) - int(lines["used_memory"])


def _try_until_done() -> Iterator[None]:
    while True:
        yield
        time.sleep(0.2)
