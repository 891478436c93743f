"""A worker's processes, and somebody who keeps sending it work."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from jobs.errors import JobsError
from jobs.ledger import Ledger
from jobs.messages import Job, JobState, Submission, new_id
from jobs.queue import make_celery, ring
from jobs.settings import JobsSettings

ROOT = Path(__file__).resolve().parents[2]
# What a worker is told, so that tests need not wait as long as users may.
QUICK = {"lease_seconds": 1.5, "heartbeat_seconds": 0.4, "picture_seconds": 1.0}


def wait_until(is_so: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Wait until something holds and return it; a test never sleeps for a guessed time."""
    end = time.monotonic() + seconds
    while not (value := is_so()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return value


@dataclass
class Fleet:
    """One Celery main process with its children, in a process group of its own."""

    url: str
    log: Path
    settings: dict[str, float] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    children: int = 2
    module: str = "tests.faults.poison_app"
    process: psutil.Popen | None = None

    def start(self, *, wait: bool = True) -> "Fleet":
        """Start, and wait until every child has announced itself."""
        before = len(self.find_events("child_ready"))
        with self.log.open("ab") as log:
            self.process = psutil.Popen(
                [sys.executable, "-m", "worker", "-A", self.module],
                cwd=ROOT,
                env={
                    **os.environ,
                    "REDIS_URL": self.url,
                    "WORKERS": str(self.children),
                    "POISON_SETTINGS": json.dumps(self.settings),
                    **self.environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if wait:
            wait_until(lambda: self._has_started(before + self.children), "children ready")
        return self

    def _has_started(self, children: int) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.read_log()
        return len(self.find_events("child_ready")) >= children

    def find_children(self) -> list[psutil.Process]:
        """The pool's processes, the oldest first."""
        found = self.process.children() if self.process and self.process.is_running() else []
        return [one for one in found if "spawn_main" in _read_command(one)]

    def signal_group(self, number: int) -> None:
        """Send a signal to the main process and its children alike."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End everything at once, as a crash of the machine's worker would."""
        self.signal_group(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Ask the main process to end; the seconds it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=20)
        return time.monotonic() - began

    def read_log(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def find_events(self, name: str) -> list[dict[str, Any]]:
        """The log's lines of one event."""
        lines = (line for line in self.read_log().splitlines() if line.startswith("{"))
        return [entry for line in lines if (entry := json.loads(line))["event"] == name]


def _read_command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


class Sender:
    """Plays web: submits, rings, sweeps every second, and remembers what was accepted."""

    def __init__(self, url: str) -> None:
        self.ledger = Ledger.connect(JobsSettings(redis_url=url))
        self.accepted: list[str] = []
        self._app = make_celery(url)
        self._stop = threading.Event()
        self._enough = threading.Event()
        self._threads: list[threading.Thread] = []

    def submit(self, order: str, **fields: Any) -> str:
        """Submit a picture that is an order to the poison cascade; its job's id."""
        return self.send(order.encode(), **fields)

    def send(self, image: bytes, **fields: Any) -> str:
        """Submit these bytes as a new owner's; the job's id."""
        job = Submission(
            id=new_id(), pipeline="zomato-rider", image=image, owner=new_id(), **fields
        )
        taken = self.ledger.accept([job])
        self.accepted.append(taken.id)
        self._ring(taken.rings)
        return taken.id

    def _ring(self, names: tuple[str, ...]) -> None:
        try:
            ring(self._app, names)
        except self._app.connection_for_write().connection_errors:
            pass  # the sweepers ring again

    def keep_sending(self, *orders: str, pause_seconds: float = 0.02) -> None:
        """Submit the orders in turn until `stop`; whatever is refused was not accepted."""

        def send() -> None:
            turn = 0
            while not self._stop.wait(pause_seconds) and not self._enough.is_set():
                try:
                    self.submit(orders[turn % len(orders)])
                except JobsError:
                    self._stop.wait(0.2)
                turn += 1

        self._start(send)

    def start_sweeper(self) -> None:
        """Sweep every second, as web does."""

        def sweep() -> None:
            while not self._stop.wait(1.0):
                with contextlib.suppress(JobsError):
                    self._ring(self.ledger.sweep())

        self._start(sweep)

    def _start(self, target: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=target, daemon=True))
        self._threads[-1].start()

    def stop_sending(self) -> None:
        """Submit nothing more; go on sweeping."""
        self._enough.set()

    def stop(self) -> None:
        """Send nothing and sweep no more."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def await_end(self, seconds: float = 60) -> list[Job]:
        """Wait until every accepted job has its end, and return them in the order sent."""
        return [self.await_job(job_id, seconds) for job_id in self.accepted]

    def await_job(self, job_id: str, seconds: float = 60) -> Job:
        """Wait until one job has its end."""

        def find() -> Job | None:
            try:
                job = self.ledger.get(job_id)
            except JobsError:
                return None  # a server that is being restarted
            assert job is not None, f"accepted job {job_id} is not known"
            return job if job.state.is_final else None

        return wait_until(find, f"the end of job {job_id}", seconds)

    def await_state(self, job_id: str, state: JobState) -> None:
        wait_until(lambda: self.ledger.get(job_id).state is state, f"job {job_id} {state}")
