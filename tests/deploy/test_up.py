"""`make up` as a whole: real programs, kills, Ctrl-C; what was accepted stays."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.browser.made import ASTRONAUT, write_models
from tests.conftest import ROOT
from tests.deploy.servers import Serve, find_free_port
from worker.versions import own_version

ENDED_SECONDS = 10


@dataclass
class Spotter:
    """One data folder and the stacks that run on it, one after another."""

    folder: Path
    models: Path
    port: int = 0
    process: psutil.Popen | None = None
    tree: list[psutil.Process] = field(default_factory=list)

    def start(self) -> None:
        """Start it as a terminal would, in a group of its own, and wait for the address."""
        self.launch()
        self.await_address()

    def launch(self) -> None:
        """Start it and do not wait."""
        self.port = find_free_port()
        with (self.folder / "console").open("ab") as console:
            self.process = psutil.Popen(
                [sys.executable, "-m", "deploy.up"],
                cwd=ROOT,
                env={**os.environ, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )

    def await_address(self) -> None:
        """Wait until it says that it is ready."""
        assert self.process is not None
        wait_until(lambda: f"http://127.0.0.1:{self.port} " in self.console(), self.console)
        self.tree = [self.process, *self.process.children(recursive=True)]

    def environment(self) -> dict[str, str]:
        return {
            "PORT": str(self.port),
            "WORKERS": "1",
            "SPOTTER_DATA": str(self.folder / "data"),
            "SPOTTER_MODELS": str(self.models),
        }

    def console(self) -> str:
        return (self.folder / "console").read_text()

    def interrupt(self) -> float:
        """Press Ctrl-C, which reaches the whole group; return the seconds until it ended."""
        assert self.process is not None
        started = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(ENDED_SECONDS + 10)
        return time.monotonic() - started

    def left_over(self) -> list[psutil.Process]:
        return [p for p in self.tree if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]

    def find(self, word: str) -> psutil.Process:
        """Return the first process of the tree whose command holds the word."""
        found = self.look_for(word)
        assert found is not None
        return found

    def look_for(self, word: str) -> psutil.Process | None:
        assert self.process is not None
        for process in self.process.children(recursive=True):
            try:
                if word in " ".join(process.cmdline()):
                    return process
            except psutil.Error:
                continue  # it ended while we looked
        return None

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        try:
            headers = {"Content-Type": "image/jpeg"} if body else {}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def submit(self) -> str:
        status, job = self.ask("POST", "/api/v1/jobs?pipeline=zomato-rider", ASTRONAUT.read_bytes())
        assert status == 202, job
        return str(job["id"])

    def outcome(self, job_id: str) -> str:
        job = self.ask("GET", f"/api/v1/jobs/{job_id}?wait=25")[1]
        return str(job["outcome"]["text"])


def wait_until(fact: Callable[[], Any], what: Callable[[], str], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, what()
        time.sleep(0.02)


@pytest.fixture(scope="module")
def spotter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spotter]:
    folder = tmp_path_factory.mktemp("spotter")
    spotter = Spotter(folder=folder, models=write_models(folder / "models"))
    yield spotter
    if spotter.process is not None and spotter.process.is_running():
        spotter.interrupt()


@pytest.fixture
def running(spotter: Spotter) -> Spotter:
    if spotter.process is None or spotter.process.poll() is not None:
        spotter.start()
    return spotter


def test_the_console_says_what_runs_and_where(running: Spotter) -> None:
    lines = running.console().splitlines()
    assert lines[0].startswith("queue: Valkey")
    assert lines[0].endswith("every accepted job is on the disk before the answer")
    assert lines[-1] == f"Spotter is at http://127.0.0.1:{running.port} - Ctrl-C ends it"


def test_when_the_address_is_printed_a_worker_is_ready(running: Spotter) -> None:
    status, body = running.ask("GET", "/readyz")
    assert (status, body["durability"]) == (200, "strict")
    assert body["workers"] >= 1


def test_nothing_is_lost_when_the_queue_server_is_killed(running: Spotter) -> None:
    jobs = [running.submit() for _ in range(10)]
    running.find("valkey-server").kill()
    wait_until(lambda: running.ask("GET", "/readyz")[0] == 200, running.console)
    assert {running.outcome(job) for job in jobs} == {"human_detected, others"}
    assert "queue ended and starts again" in running.console()


def test_a_killed_worker_and_a_killed_web_come_back(running: Spotter) -> None:
    running.find("-m worker").kill()
    running.find("gunicorn").kill()
    wait_until(lambda: "web ended and starts again" in running.console(), running.console)

    def is_answering() -> bool:
        try:
            return running.ask("GET", "/readyz")[0] == 200
        except OSError:
            return False

    wait_until(is_answering, running.console)
    assert running.outcome(running.submit()) == "human_detected, others"


def test_kills_during_the_start_do_not_end_it(running: Spotter) -> None:
    running.interrupt()
    running.launch()
    killed: set[int] = set()

    def kill_another() -> bool:
        worker = running.look_for("-A worker.app")
        if worker is None or worker.pid in killed:
            return False
        killed.add(worker.pid)
        worker.kill()
        return True

    for _ in range(4):
        wait_until(kill_another, running.console)
    running.await_address()
    assert running.outcome(running.submit()) == "human_detected, others"


def test_a_second_instance_is_refused(running: Spotter) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "deploy.up"],
        cwd=ROOT,
        env={**os.environ, **running.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert second.stdout == ""
    assert f"already running in {running.folder / 'data'}" in second.stderr
    assert len(second.stderr.splitlines()) == 1


def try_to_start(
    folder: Path, models: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Start one that cannot start, and return what it said."""
    other = Spotter(folder=folder, models=models, port=find_free_port())
    done = subprocess.run(
        [sys.executable, "-m", "deploy.up"],
        cwd=ROOT,
        env={**os.environ, **other.environment(), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "{" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPOTTER_SECRET", "short"),
        ("SPOTTER_WEB_PROCESSES", "0"),
        ("SPOTTER_WORKER_MEMORY_MB", "100"),
        ("SPOTTER_MAX_WAITING", "none"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_the_start_at_once_and_is_named(
    tmp_path: Path, spotter: Spotter, name: str, value: str
) -> None:
    done = try_to_start(tmp_path, spotter.models, **{name: value})
    assert done.stderr.startswith(f"Spotter cannot start. {name} must ")
    assert "starts again" not in done.stdout


def test_models_that_are_not_there_end_the_start_and_are_named(
    tmp_path: Path, spotter: Spotter
) -> None:
    done = try_to_start(tmp_path, spotter.models, SPOTTER_MODELS=str(tmp_path))
    assert f"{tmp_path}/person/{own_version('person')}/manifest.toml is missing" in done.stderr


def test_a_redis_that_is_not_there_is_told_before_anything_starts(
    tmp_path: Path, spotter: Spotter
) -> None:
    url = f"redis://app:geheim@127.0.0.1:{find_free_port()}/0"
    done = try_to_start(tmp_path, spotter.models, REDIS_URL=url)
    assert done.stdout == ""
    assert f"no Redis answers at {url.replace('app:geheim@', '')}" in done.stderr
    assert "geheim" not in done.stderr


def test_what_a_redis_keeps_in_memory_is_not_promised(
    tmp_path: Path, spotter: Spotter, serve: Serve
) -> None:
    url = f"redis://127.0.0.1:{serve('--appendonly', 'no')}"
    lines = try_to_start(
        tmp_path, spotter.models, REDIS_URL=url, SPOTTER_SECRET="short"
    ).stdout.splitlines()
    assert "in memory only" in lines[0]
    assert "if that server runs on" in lines[-1]


def test_ctrl_c_ends_all_and_the_next_start_continues(running: Spotter) -> None:
    done, waiting = running.submit(), ""
    assert running.outcome(done)
    running.find("-m worker").suspend()
    waiting = running.submit()
    seconds = running.interrupt()
    assert seconds < ENDED_SECONDS
    assert running.left_over() == []
    assert "Traceback" not in running.console()
    running.start()
    assert running.outcome(done) == "human_detected, others"
    assert running.outcome(waiting) == "human_detected, others"


def test_when_it_is_killed_nothing_is_left_over(running: Spotter) -> None:
    assert running.process is not None
    running.process.kill()
    running.process.wait()
    wait_until(lambda: running.left_over() == [], lambda: str(running.left_over()), 20)
    running.start()
    assert running.interrupt() < ENDED_SECONDS
