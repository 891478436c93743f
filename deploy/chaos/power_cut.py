"""What a power cut takes away: the queue server on a disk that forgets what was not synced.

    python -m deploy.chaos.power_cut [--rounds 10] [--writers 8]

Needs Linux with /dev/fuse, libfuse 3 (`apt-get install fuse3`) and the Python package mfusepy.

A disk of our own is mounted (deploy/chaos/forgetful.py), the server's whole folder lies on it.
Writers send transactions like those of an accepted job and remember which were acknowledged, while
the append-only file is rewritten again and again. In the middle the server is killed and the disk
forgets. Then a server is started as `make up` does it, and asked for every acknowledged job. In
half of the rounds the disk kept a part of what was written last, so that a record breaks off. A
disk that says "synced" and lies is measured as well: it shows that this check sees a loss.
"""

import argparse
import contextlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import psutil

from deploy.chaos.forgetful import ForgetfulDisk
from deploy.chaos.losses import Tally, Writers, count_missing, served
from deploy.chaos.operations import Operations
from deploy.embedded_redis.client import ask
from deploy.embedded_redis.errors import QueueServerError
from deploy.embedded_redis.files import ServerFiles, remove_socket_folder, write_files

SETTINGS: Mapping[str, tuple[str, bool]] = {  # appendfsync; does the disk lie
    "strict": ("always", False),
    "fast": ("no", False),
    "strict, on a disk that lies": ("always", True),
}
MAX_MEMORY_BYTES = 2**31
MOUNT_SECONDS = 10.0


@dataclass(slots=True, kw_only=True)
class PowerTally(Tally):
    """With how often the file was being rewritten."""

    rewrites: int = 0


class Mount:
    """A forgetful disk in a process of its own, mounted at a folder until `close`."""

    def __init__(self, place: Path, *, lies: bool) -> None:
        self.place = place
        place.mkdir(parents=True, exist_ok=True)
        here, there = multiprocessing.get_context("spawn").Pipe()
        self._orders = here
        self._process = multiprocessing.get_context("spawn").Process(
            target=serve_disk, args=(str(place), lies, there), daemon=True
        )
        self._process.start()
        self._await_mounted()

    def cut(self, seed: str | None) -> None:
        """Have the disk forget; with a seed, parts of the ends of files stay. No file is open."""
        self._unmount()
        self._orders.send(("cut", seed))
        self._await_mounted()

    def close(self) -> None:
        """Unmount and forget everything."""
        self._unmount()
        self._orders.send(("end", None))
        self._process.join()

    def _unmount(self) -> None:
        until = time.monotonic() + MOUNT_SECONDS
        command = ["fusermount3", "-u", str(self.place)]
        while subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode:
            if time.monotonic() > until:  # a file is held open by somebody
                raise SystemExit(f"{self.place} cannot be unmounted.")
            time.sleep(0.05)

    def _await_mounted(self) -> None:
        until = time.monotonic() + MOUNT_SECONDS
        while not self.place.is_mount():
            if not self._process.is_alive() or time.monotonic() > until:
                raise SystemExit("The disk cannot be mounted: is there /dev/fuse, and fuse3?")
            time.sleep(0.02)


def serve_disk(place: str, lies: bool, orders: Connection) -> None:
    """Serve a disk; after each unmounting, wait for the order to forget or to end."""
    from mfusepy import FUSE

    disk = ForgetfulDisk(lies=lies)
    while True:
        FUSE(Operations(disk), place, foreground=True, nothreads=True)
        order, seed = orders.recv()
        if order == "end":
            return
        disk.forget(Random(seed) if seed else None)  # noqa: S311 - to be repeated


def main(arguments: Sequence[str]) -> int:
    """Cut the power again and again; exit status 1 if `strict` lost anything on an honest disk."""
    parser = argparse.ArgumentParser(prog="python -m deploy.chaos.power_cut")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--writers", type=int, default=8)
    given = parser.parse_args(arguments)
    tallies = {name: PowerTally() for name in SETTINGS}
    with tempfile.TemporaryDirectory(prefix="spotter-power-") as folder:
        for number in range(given.rounds):
            for name, tally in tallies.items():
                place = Path(folder, f"{number}-{list(SETTINGS).index(name)}")
                run_round(place, name, number, given.writers, tally)
            sys.stderr.write(f"round {number + 1} of {given.rounds}\n")
    sys.stdout.write("\n".join(write_table(tallies)) + "\n")
    return 1 if tallies["strict"].lost else 0


def run_round(place: Path, name: str, number: int, writers: int, tally: PowerTally) -> None:
    """Write for a second or two, cut the power, start again, count what is gone."""
    policy, lies = SETTINGS[name]
    mount = Mount(place, lies=lies)
    try:
        files = prepare(place, policy)
        writing = Writers(files=files, count=writers)
        with served(files) as server:
            writing.start()
            tally.rewrites += rewrite_for(files, 1.0 + Random(number).random())  # noqa: S311
            kill_all(server.pid)
            server.wait()
            names = writing.join()
        remove_socket_folder(files)
        mount.cut(f"{name}/{number}" if number % 2 else None)
        files = prepare(place, policy)
        with served(files):
            tally.add(len(names), count_missing(files, names))
        remove_socket_folder(files)
    finally:
        mount.close()


def kill_all(pid: int) -> None:
    """Kill the server and the child that rewrites its file."""
    server = psutil.Process(pid)
    for process in (server, *server.children()):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def prepare(place: Path, policy: str) -> ServerFiles:
    """Write the server's files as `make up` does at each start."""
    return write_files(place / "data/queue", append_fsync=policy, max_memory_bytes=MAX_MEMORY_BYTES)


def rewrite_for(files: ServerFiles, seconds: float) -> int:
    """Have the append-only file rewritten again and again for so long; how often it was begun."""
    until, count = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        with contextlib.suppress(OSError, QueueServerError):  # one is under way still
            ask(files, "BGREWRITEAOF")
            count += 1
        time.sleep(0.1)
    return count


def write_table(tallies: Mapping[str, PowerTally]) -> Iterator[str]:
    """Write the Markdown table."""
    yield "| setting | rounds | acknowledged | lost | rounds with loss | rewrites begun |"
    yield "|---|---|---|---|---|---|"
    for name, tally in tallies.items():
        yield (
            f"| {name} | {tally.rounds} | {tally.acknowledged} | {tally.lost} "
            f"| {tally.rounds_with_loss} | {tally.rewrites} |"
        )


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(sys.argv[1:]))
