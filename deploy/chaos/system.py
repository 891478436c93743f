"""The Spotter under test: `make up` with data of its own, found again as processes and a socket."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psutil

from deploy.embedded_redis.client import ask_as
from deploy.errors import StackError
from deploy.settings import ROOT

START_SECONDS = 90.0
STOP_SECONDS = 20.0
# What a program's command line holds, by the program's name.
MARKS = {"worker": "-m worker", "web": "gunicorn", "queue": "server.conf"}
START = "import sys; from deploy.up import main; sys.exit(main(sys.argv[1]))"


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
            "SPOTTER_MAX_MEMORY": "2gb",
            "SPOTTER_LOGS": "files",
        }
        self._environment.pop("REDIS_URL", None)
        self._command = [sys.executable, "-c", START, worker_module]
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

    def find(self, name: str) -> psutil.Process | None:
        """Return the main process of a program, or None while it is not there."""
        assert self._process is not None
        for process in self._process.children():
            with contextlib.suppress(psutil.Error):
                if MARKS[name] in " ".join(process.cmdline()):
                    return process
        return None

    def find_children(self, name: str) -> list[psutil.Process]:
        """Return what the main process of a program has started: pool children, web processes."""
        main = self.find(name)
        if main is None:
            return []
        with contextlib.suppress(psutil.Error):
            return [one for one in main.children() if "resource_tracker" not in _tell(one)]
        return []

    def list_processes(self) -> list[psutil.Process]:
        """Return every process of the system, the supervisor's included."""
        assert self._process is not None
        return [self._process, *self._process.children(recursive=True)]

    def ask_queue(self, *command: str) -> str:
        """Send a command to the queue server as web and the workers may.

        Raises:
            OSError, QueueServerError: as `deploy.embedded_redis.client.ask`.
        """
        url = urlsplit((self.folder / "data/queue/app.url").read_text().strip())
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


def _find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _tell(process: psutil.Process) -> str:
    return " ".join(process.cmdline())
