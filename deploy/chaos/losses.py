"""What is written to a queue server until it dies, and what of it is gone when it is back.

Shared by the commands that kill it (`durability`), cut its power (`power_cut`) and fail over to a
replica (`failover`).
"""

import contextlib
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from deploy.embedded_redis.client import wait_until_answering
from deploy.embedded_redis.files import ServerFiles
from deploy.settings import ROOT

PICTURE = random.Random(1).randbytes(20_000)  # noqa: S311 - to be the same each time


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of all rounds of one setting."""

    acknowledged: int = 0
    lost: int = 0
    rounds: int = 0
    rounds_with_loss: int = 0

    def add(self, acknowledged: int, lost: int) -> None:
        """Count one round."""
        self.acknowledged += acknowledged
        self.lost += lost
        self.rounds += 1
        self.rounds_with_loss += lost > 0


@dataclass(kw_only=True)
class Writers:
    """Threads that write transactions until the server is gone, and know what it acknowledged.

    With `waits`, only what a replica has as well counts as acknowledged.
    """

    files: ServerFiles
    count: int
    waits: bool = False
    milliseconds: list[float] = field(default_factory=list)  # of each transaction

    def __post_init__(self) -> None:
        """Make the threads, without starting them."""
        self._names: list[list[str]] = [[] for _ in range(self.count)]
        self._threads = [
            threading.Thread(target=self._write, args=(f"{n}", mine))
            for n, mine in enumerate(self._names)
        ]

    def start(self) -> None:
        """Begin to write."""
        for thread in self._threads:
            thread.start()

    def join(self) -> list[str]:
        """Wait until all have met the server's end; return the names that were acknowledged."""
        for thread in self._threads:
            thread.join()
        return [name for mine in self._names for name in mine]

    def _write(self, writer: str, acknowledged: list[str]) -> None:
        number = 0
        with contextlib.suppress(OSError), _connect(self.files) as (connection, answers):
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
                if self.waits:
                    connection.sendall(_encode(b"WAIT", b"1", b"500"))
                    if answers.readline() != b":1\r\n":
                        continue
                self.milliseconds.append((time.monotonic() - began) * 1000)
                acknowledged.append(name)


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
