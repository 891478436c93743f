"""A real queue server for every test that needs one: `redis_url` is an empty database each time."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.chromium import HINT, find_chromium
from deploy.embedded_redis.client import ask, wait_until_answering
from deploy.embedded_redis.files import ServerFiles, write_files

ROOT = Path(__file__).resolve().parents[1]
_not_run = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the browser tests out where there is no browser; the summary names them."""
    if find_chromium(os.environ):
        return
    of_browser = [item for item in items if item.get_closest_marker("browser")]
    items[:] = [item for item in items if item not in of_browser]
    config.hook.pytest_deselected(items=of_browser)
    config.stash[_not_run] = len(of_browser)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was not run, so that a green line does not hide it."""
    if count := terminalreporter.config.stash.get(_not_run, 0):
        terminalreporter.line(f"NOT RUN: {count} browser tests (no Chromium). {HINT}", yellow=True)


@dataclass
class QueueServer:
    """A server with the files, users and rules of `make up`; `url` is that of the user app.

    Start it from the main thread: it ends together with the thread that started it.
    """

    files: ServerFiles
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.files.app_url

    def start(self) -> None:
        with (self.files.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.embedded_redis", "serve", str(self.files.folder)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until_answering(self.files, timeout_seconds=20)

    def kill(self) -> None:
        """End it as a crash would; what it acknowledged comes back with `start`."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(timeout=10)

    def ask(self, *command: str) -> str:
        """Run a command as the administrator, who may do what the user app may not."""
        return ask(self.files, *command)


@pytest.fixture(scope="session")
def queue_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QueueServer]:
    """One server for the whole run; do not kill it: `own_queue_server` is for that."""
    yield from serve_queue(tmp_path_factory.mktemp("queue"), append_fsync="no")


@pytest.fixture
def own_queue_server(tmp_path: Path) -> Iterator[QueueServer]:
    """A server for one test, which may kill, stop and start it; every write is on the disk."""
    yield from serve_queue(tmp_path / "queue", append_fsync="always")


@pytest.fixture
def redis_url(queue_server: QueueServer) -> str:
    """The address of an empty database, in redis-py's form (unix://app:...@/...)."""
    queue_server.ask("FLUSHALL")
    return queue_server.url


def serve_queue(folder: Path, *, append_fsync: str) -> Iterator[QueueServer]:
    """Start a queue server in this folder and stop it afterwards."""
    server = QueueServer(
        files=write_files(folder, append_fsync=append_fsync, max_memory_bytes=256 * 1024 * 1024)
    )
    server.start()
    yield server
    server.stop()
