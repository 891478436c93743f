"""The Spotter under test: `make up` with data of its own, found again as processes and a socket."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psutil

from deploy.embedded_redis.client import ask_as
from deploy.errors import StackError
from deploy.settings import ROOT

START_SECONDS = 90.0
STOP_SECONDS = 20.0
COMMAND_SECONDS = 60.0
FIND_SECONDS = 20.0  # a program that is being started anew; with a full queue, that takes seconds
# Little enough to be filled in a moment, and room for the results of half a million jobs.
MAX_MEMORY = "1gb"
# Room for a burst of ten thousand from one owner, who may have a share of the places.
MAX_WAITING = 25_000
START = "import sys; from deploy.up import main; sys.exit(main(sys.argv[1]))"


class ProgramMissing(OSError):
    """What a fault was meant for is not there, so nothing was broken."""


class System:
    """One `make up` on a free port, with `worker_module` as its workers."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        *,
        workers: int,
        durability: str,
        worker_module: str,
    ) -> None:
        self.folder = folder
        self.port = _find_free_port()
        self._environment = {
            **environ,
            "PORT": str(self.port),
            "WORKERS": str(workers),
            "SPOTTER_DATA": str(folder / "data"),
            "SPOTTER_DURABILITY": durability,
            "SPOTTER_MODELS": str(folder / "models"),
            "SPOTTER_MAX_MEMORY": MAX_MEMORY,
            "SPOTTER_MAX_WAITING": str(MAX_WAITING),
            "SPOTTER_LOGS": "files",
        }
        self._environment.pop("REDIS_URL", None)
        self._worker_module = worker_module
        self._command = [sys.executable, "-c", START, worker_module]
        # What a program's command line holds, by its name; the queue server has a title instead.
        self._marks = {"worker": f"-A {worker_module}", "web": "gunicorn", "queue": "-server "}
        # Held until the end: see deploy/chaos/half_open.py.
        self.dead_connections: list[socket.socket] = []
        self._process: psutil.Popen | None = None

    def __enter__(self) -> "System":
        """Start it and wait until a worker is ready.

        Raises:
            StackError: when it does not come up.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "console").open("ab") as console:
            self._process = psutil.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        end = time.monotonic() + START_SECONDS
        while f":{self.port} " not in (self.folder / "console").read_text():
            if self._process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise StackError(f"It does not start: {(self.folder / 'console').read_text()}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        """End it as Ctrl-C does."""
        assert self._process is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            self._process.kill()
        for connection in self.dead_connections:
            connection.close()

    @property
    def obeys_orders(self) -> bool:
        """Tell whether the workers are those for tests, which obey what a picture orders."""
        return self._worker_module != "worker.app"

    def run_module(self, module: str, *arguments: str) -> int:
        """Run one of Spotter's commands and return its exit status; its words go to the console.

        Raises:
            OSError: when it takes longer than any of them may.
        """
        with (self.folder / "console").open("ab") as console, _in_time():
            done = subprocess.run(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                env=self._environment | {"REDIS_URL": self._read_url()},
                stdout=console,
                stderr=console,
                check=False,
                timeout=COMMAND_SECONDS,
            )
        return done.returncode

    @contextlib.contextmanager
    def joined_by_a_worker(self, environment: Mapping[str, str]) -> Iterator[None]:
        """Have another worker, with one child, take part; the block begins when it is ready.

        Raises:
            ProgramMissing: when it does not come.
        """
        own = {"REDIS_URL": self._read_url(), "WORKERS": "1", **environment}
        with (self.folder / "joined.log").open("ab") as log:
            start = log.tell()
            worker = psutil.Popen(
                [sys.executable, "-m", "worker", "-A", self._worker_module],
                cwd=ROOT,
                env=self._environment | own,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._await_ready(self.folder / "joined.log", start)
            yield
        finally:
            worker.terminate()
            with contextlib.suppress(psutil.TimeoutExpired):
                worker.wait(STOP_SECONDS / 2)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()

    def _await_ready(self, log: Path, start: int) -> None:
        end = time.monotonic() + START_SECONDS
        while b'"child_ready"' not in log.read_bytes()[start:]:
            if time.monotonic() > end:
                raise ProgramMissing(f"the worker that should join is not ready; see {log}")
            time.sleep(0.1)

    def largest_queue_file(self) -> int:
        """Return the size in bytes of the largest file that the queue server appends to."""
        folder = self.folder / "data/queue/appendonlydir"
        sizes = [0]
        for file in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                sizes.append(file.stat().st_size)
        return max(sizes)

    def _read_url(self) -> str:
        return (self.folder / "data/queue/app.url").read_text().strip()

    def look_for(self, name: str) -> psutil.Process | None:
        """Return the main process of a program, or None while it is not there."""
        assert self._process is not None
        for process in self._process.children():
            with contextlib.suppress(psutil.Error):
                if self._marks[name] in _tell(process):
                    return process
        return None

    def find(self, name: str) -> psutil.Process:
        """Return the main process of a program; wait where it is being started.

        Raises:
            ProgramMissing: when it does not come.
        """
        end = time.monotonic() + FIND_SECONDS
        while (found := self.look_for(name)) is None:
            if time.monotonic() > end:
                raise ProgramMissing(f"no {name} process is there to be harmed")
            time.sleep(0.05)
        return found

    def find_children(self, name: str) -> list[psutil.Process]:
        """Return what the main process of a program has started: pool children, web processes.

        Raises:
            ProgramMissing: when there are none, and none come.
        """
        end = time.monotonic() + FIND_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(psutil.Error):
                children = [one for one in self.find(name).children() if _is_child(one)]
                if children:
                    return children
            time.sleep(0.05)
        raise ProgramMissing(f"{name} has no process of its own to be harmed")

    def list_processes(self) -> list[psutil.Process]:
        """Return every process of the system, the supervisor's included."""
        assert self._process is not None
        return [self._process, *self._process.children(recursive=True)]

    def ask_queue(self, *command: str) -> str:
        """Send a command to the queue server as web and the workers may.

        Raises:
            OSError, QueueServerError: as `deploy.embedded_redis.client.ask`.
        """
        url = urlsplit(self._read_url())
        name, _, place = url.netloc.rpartition("@")
        user, _, password = name.partition(":")
        return ask_as((user, password), Path(unquote(place + url.path)), *command)

    def read(self, path: str) -> Any:
        """Return what web says, or None where it does not."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                text = answer.read().decode()
            except (OSError, http.client.HTTPException):
                return None
        if answer.status != 200:
            return None
        return json.loads(text) if text.startswith("{") else text


@contextlib.contextmanager
def _in_time() -> Iterator[None]:
    try:
        yield
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(str(error)) from error


def _find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _is_child(process: psutil.Process) -> bool:
    return "resource_tracker" not in _tell(process)


def _tell(process: psutil.Process) -> str:
    return " ".join(process.cmdline())
