"""What each `appendfsync` keeps when the queue server is killed, and what it costs.

    python -m deploy.chaos.durability [--rounds 10] [--writers 16] [--folder DIR]

Writers send transactions like those of an accepted job (20 KB of picture, a hash, a sorted set) and
remember which were acknowledged. The server is killed with SIGKILL in the middle, started again and
asked for each of them. Rounds take turns, half of them while another process keeps the disk busy.
`everysec`, which Spotter does not offer, is measured as well: the table says why.
"""

import argparse
import contextlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from deploy.embedded_redis.client import wait_until_answering
from deploy.embedded_redis.files import ServerFiles, remove_socket_folder, write_files
from deploy.settings import ROOT

POLICIES = ("always", "everysec", "no")
PICTURE = random.Random(1).randbytes(20_000)  # noqa: S311 - to be the same each time
BUSY = (
    "import os,sys\n"
    "while True:\n"
    "    with open(sys.argv[1], 'wb') as file:\n"
    "        for _ in range(4):\n"
    "            file.write(bytes(4_000_000)); file.flush(); os.fsync(file.fileno())\n"
)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of all rounds of one policy."""

    acknowledged: int = 0
    lost: int = 0
    rounds_with_loss: int = 0
    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0


def main(arguments: Sequence[str]) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m deploy.chaos.durability")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--folder", type=Path, default=None)
    given = parser.parse_args(arguments)
    folder = given.folder or Path(tempfile.mkdtemp(prefix="spotter-durability-"))
    tallies = {(policy, busy): Tally() for policy in POLICIES for busy in (False, True)}
    for number in range(given.rounds):
        for (policy, busy), tally in tallies.items():
            run_round(folder / f"{policy}-{busy}-{number}", policy, busy, given.writers, tally)
        sys.stderr.write(f"round {number + 1} of {given.rounds}\n")
    sys.stdout.write("\n".join(write_table(tallies, given.writers)) + "\n")
    return 0


def run_round(folder: Path, policy: str, busy: bool, writers: int, tally: Tally) -> None:
    """Write for a second or two, kill the server, start it again, count what is gone."""
    files = write_files(folder, append_fsync="no", max_memory_bytes=2**31)
    config = files.config.read_text().replace("appendfsync no", f"appendfsync {policy}")
    files.config.write_text(config)
    acknowledged: list[list[str]] = [[] for _ in range(writers)]
    took: list[float] = []
    with disk_kept_busy(folder / "noise", busy):
        with served(files) as server:
            threads = [
                threading.Thread(target=write, args=(files, f"{n}", mine, took))
                for n, mine in enumerate(acknowledged)
            ]
            began = time.monotonic()
            for thread in threads:
                thread.start()
            time.sleep(random.uniform(1.2, 2.4))  # noqa: S311 - not for secrets
            server.kill()
            server.wait()
            for thread in threads:
                thread.join()
            seconds = time.monotonic() - began
        with served(files):
            names = [name for mine in acknowledged for name in mine]
            lost = count_missing(files, names)
    remove_socket_folder(files)
    tally.acknowledged += len(names)
    tally.lost += lost
    tally.rounds_with_loss += lost > 0
    tally.milliseconds += took
    tally.seconds += seconds


@contextlib.contextmanager
def served(files: ServerFiles) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the server; it is killed at the end if it still lives."""
    with (files.folder / "server.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "deploy.embedded_redis", "serve", str(files.folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        wait_until_answering(files, timeout_seconds=60)
        yield server
    finally:
        server.kill()
        server.wait()


@contextlib.contextmanager
def disk_kept_busy(path: Path, busy: bool) -> Iterator[None]:
    """Have another process write and sync files meanwhile, if `busy`."""
    if not busy:
        yield
        return
    noise = subprocess.Popen([sys.executable, "-c", BUSY, str(path)])
    try:
        yield
    finally:
        noise.kill()
        noise.wait()
        path.unlink(missing_ok=True)


def write(
    files: ServerFiles,
    writer: str,
    acknowledged: list[str],
    took: list[float],
    *,
    waits: bool = False,
) -> None:
    """Write transactions until the server is gone; keep the names of those it acknowledged.

    With `waits`, those alone that a replica has as well.
    """
    number = 0
    with contextlib.suppress(OSError), _connect(files) as (connection, answers):
        while True:
            name = f"{writer}:{number}"
            began = time.monotonic()
            connection.sendall(
                _encode(b"MULTI")
                + _encode(b"SET", f"spotter:blob:{name}".encode(), PICTURE)
                + _encode(b"HSET", f"spotter:job:{name}".encode(), b"state", b"queued")
                + _encode(b"ZADD", b"spotter:waiting", b"%d" % number, name.encode())
                + _encode(b"EXEC")
            )
            # +OK, three times +QUEUED, then *3 and three answers of a line each.
            lines = [answers.readline() for _ in range(8)]
            if not lines[-1].endswith(b"\r\n") or lines[4][:1] != b"*":
                return
            number += 1
            if waits:
                connection.sendall(_encode(b"WAIT", b"1", b"500"))
                if answers.readline() != b":1\r\n":
                    continue
            took.append((time.monotonic() - began) * 1000)
            acknowledged.append(name)


def count_missing(files: ServerFiles, names: Sequence[str]) -> int:
    """Count the names whose job or picture the server does not know."""
    missing = 0
    with _connect(files) as (connection, answers):
        for name in names:
            keys = (f"spotter:blob:{name}".encode(), f"spotter:job:{name}".encode())
            connection.sendall(_encode(b"EXISTS", *keys))
            missing += answers.readline().strip() != b":2"
    return missing


@contextlib.contextmanager
def _connect(files: ServerFiles) -> Iterator[tuple[socket.socket, BinaryIO]]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(files.socket))
        with connection.makefile("rb") as answers:
            connection.sendall(_encode(b"AUTH", b"admin", files.admin_password.encode()))
            answers.readline()
            yield connection, answers


def _encode(*words: bytes) -> bytes:
    parts = [b"*%d\r\n" % len(words)]
    parts += [b"$%d\r\n%s\r\n" % (len(word), word) for word in words]
    return b"".join(parts)


def write_table(tallies: dict[tuple[str, bool], Tally], writers: int) -> Iterator[str]:
    """Write the Markdown table."""
    yield (
        "| appendfsync | disk | acknowledged | lost | rounds with loss "
        f"| ms to the answer, {writers} writers: median / 99 % | a second |"
    )
    yield "|---|---|---|---|---|---|---|"
    for (policy, busy), tally in tallies.items():
        times = sorted(tally.milliseconds)
        median, high = (times[int(len(times) * share)] for share in (0.5, 0.99))
        yield (
            f"| `{policy}` | {'busy' if busy else 'quiet'} | {tally.acknowledged} | {tally.lost} "
            f"| {tally.rounds_with_loss} | {median:.1f} / {high:.1f} "
            f"| {tally.acknowledged / tally.seconds:.0f} |"
        )


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(sys.argv[1:]))
