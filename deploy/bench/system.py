"""A Spotter of the bench's own: `make up` on a free port with its data in a folder of its own."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from deploy.bench.processes import read_cpu_seconds, read_pss_megabytes
from deploy.lifeline import end_with_parent
from deploy.settings import ROOT

START_SECONDS = 60.0
STOP_SECONDS = 20.0


class BenchError(Exception):
    """Something that is measured did not do what it should; a number would mean nothing."""


@dataclass(kw_only=True)
class System:
    """One `make up`: queue server, web, and a worker with `workers` children."""

    folder: Path
    environment: Mapping[str, str]
    workers: int = 2
    durability: str = "fast"
    more: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "System":
        """Start and wait until it says that it is ready."""
        self.launch()
        end = time.monotonic() + START_SECONDS
        while "Spotter is at" not in self._read_console():
            self._check(time.monotonic() < end)
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        """End it as Ctrl-C does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def launch(self) -> None:
        """Start and do not wait."""
        self.folder.mkdir(parents=True)
        self.port = _find_free_port()
        environment = {
            **self.environment,
            "PORT": str(self.port),
            "WORKERS": str(self.workers),
            "SPOTTER_DATA": str(self.folder / "data"),
            "SPOTTER_DURABILITY": self.durability,
            # Cost is measured here; whom the door refuses under load, deploy.overload measures.
            "SPOTTER_ANSWER_SECONDS": "30",
            **self.more,
        }
        with (self.folder / "console").open("wb") as console:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.up"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                preexec_fn=partial(end_with_parent, os.getpid()),  # a bench that is killed, too
            )

    @property
    def pid(self) -> int:
        """Return the id of the process that has started all others."""
        assert self.process is not None
        return self.process.pid

    def read_cpu_seconds(self) -> float:
        """Return what all its processes have used until now."""
        return read_cpu_seconds(self.pid)

    def read_pss_megabytes(self) -> dict[str, float]:
        """Return the memory of each of its processes."""
        return read_pss_megabytes(self.pid)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        """Make one call and return status and JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def await_first_answer(self, photo: bytes) -> None:
        """Send a photo again and again from the start on, until its outcome comes."""
        end = time.monotonic() + START_SECONDS
        while True:
            self._check(time.monotonic() < end)
            try:
                status, job = self.ask("POST", "/api/v1/jobs", photo, Prefer="wait=25")
            except OSError:  # web does not listen yet
                time.sleep(0.01)
                continue
            if status == 200 and job["outcome"]:
                return

    def _check(self, in_time: bool) -> None:
        assert self.process is not None
        if not in_time or self.process.poll() is not None:
            raise BenchError(f"Spotter does not come up; it said:\n{self._read_console()}")

    def _read_console(self) -> str:
        return (self.folder / "console").read_text(errors="replace")


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without any setting of Spotter: the bench makes its own."""
    ours = ("SPOTTER_", "REDIS_URL", "PORT", "WORKERS", "OTEL_")
    return {name: value for name, value in environ.items() if not name.startswith(ours)}


def count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def _find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
