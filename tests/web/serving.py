"""A real gunicorn with the project's own settings, and people who talk to it in bytes."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jobs.ledger import Ledger
from jobs.settings import JobsSettings

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Web:
    port: int
    ledger: Ledger
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body=body, headers=names)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def connect(self, seconds: float = 20) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def send(self, payload: bytes, *, end: bool = False, seconds: float = 20) -> tuple[int, bytes]:
        """Send bytes as they are; the status (0 where the connection just ended) and the body."""
        with self.connect(seconds) as wire:
            with contextlib.suppress(OSError):
                wire.sendall(payload)
                if end:
                    wire.shutdown(socket.SHUT_WR)
            answer = read_all(wire)
        return read_status(answer), answer.partition(b"\r\n\r\n")[2]

    def accepted(self) -> int:
        return self.ledger.census().counters.get("accepted", 0)

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            return self.request("GET", "/readyz")[0] == 200
        return False


def read_all(wire: socket.socket) -> bytes:
    """Read until the other side ends."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while part := wire.recv(65536):
            answer += part
    return answer


def read_status(answer: bytes) -> int:
    """The status of an answer; 0 where there was none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


@contextlib.contextmanager
def serve(redis_url: str, folder: Path, **settings: str) -> Iterator[Web]:
    """Run gunicorn as every deployment does, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "log"
    environ = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "REDIS_URL": redis_url,
        "SPOTTER_DATA": str(folder),
        **settings,
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "web.wsgi:app"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=out)
    web = Web(port, Ledger.connect(JobsSettings(redis_url=redis_url)), log, process)
    try:
        deadline = time.monotonic() + 30
        while not web.is_ready():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield web
    finally:
        process.terminate()
        process.wait(timeout=15)
    assert "Traceback" not in log.read_text()
