"""How many people one web process serves at once: the number behind measured.toml.

    python -m deploy.doctor.capacity [--people 5,20,100,200] [--waiting 50,250,500]

Starts a Spotter of its own with one web process and two pool children. First people: each sends a
picture and waits for the answer, every ten seconds as the webcam page does. Then callers that wait
at once, for a job that cannot go on since the workers are stopped; the times count from when they
go on again. A number is held when nobody is refused or left without an answer and /healthz, asked
twice a second beside it, stays under a second.
"""

import argparse
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from deploy.compose_check.client import ANSWER, Client
from deploy.compose_check.compose import ROOT, wait_until

WAIT_SECONDS = 30
STOP_SECONDS = 15.0


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the people of one round met; seconds."""

    answers: list[float] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@contextmanager
def run_spotter(children: int) -> Iterator[int]:
    """Run a Spotter of its own until the end of the block; yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "PORT": str(port),
            "WORKERS": str(children),
            "SPOTTER_DATA": folder,
            # All people call from this machine.
            "SPOTTER_MAX_CONNECTIONS_PER_ADDRESS": "1200",
        }
        # By `env`, so that it sees the rest of the environment and we need not.
        command = ["env", *(f"{name}={value}" for name, value in settings.items())]
        command += [sys.executable, "-m", "deploy.up"]
        with Path(folder, "up.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            wait_until(lambda: Client(port).count_workers() == children, "workers are ready", 90)
            yield port
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def play_person(client: Client, seen: Seen, end: float, pause_seconds: float, late: float) -> None:
    """Send, wait, look, and send again until the end; begin `late` seconds after the others."""
    time.sleep(late)
    while time.monotonic() < end:
        began = time.monotonic()
        status, job = client.submit(wait_seconds=WAIT_SECONDS)
        if status == 200 and job["state"] == "succeeded" and job["outcome"]["text"] == ANSWER:
            seen.answers.append(time.monotonic() - began)
        else:
            seen.failures.append(f"{status} {job and job.get('state', job.get('code'))}")
        time.sleep(pause_seconds)


def probe(client: Client, seen: Seen, end: float) -> None:
    """Ask for /healthz twice a second, as a platform does."""
    while time.monotonic() < end:
        began = time.monotonic()
        status, _ = client.call("GET", "/healthz")
        seen.probes.append(time.monotonic() - began if status == 200 else float("inf"))
        time.sleep(0.5)


def play(port: int, people: int, seconds: float, pause_seconds: float) -> Seen:
    """Let so many people use Spotter for so long."""
    seen, client, end = Seen(), Client(port), time.monotonic() + seconds
    threads = [threading.Thread(target=probe, args=(client, seen, end))]
    for number in range(people):
        late = pause_seconds * number / people
        threads.append(
            threading.Thread(target=play_person, args=(client, seen, end, pause_seconds, late))
        )
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def hold(port: int, waiting: int) -> Seen:
    """Have so many callers wait for one job while the workers stand still, then let those go on."""
    seen, client = Seen(), Client(port)
    workers = [p for p in psutil.Process().children(recursive=True) if is_worker(p)]
    for worker in workers:
        worker.suspend()
    job = client.submit()[1]["id"]

    def wait() -> None:
        status, body = client.call("GET", f"/api/v1/jobs/{job}?wait={WAIT_SECONDS}")
        if status == 200 and body["state"] == "succeeded":
            seen.answers.append(time.monotonic() - released[0])
        else:
            seen.failures.append(f"{status} {body and body.get('state', body.get('code'))}")

    end = time.monotonic() + 6
    threads = [threading.Thread(target=probe, args=(client, seen, end))]
    threads += [threading.Thread(target=wait) for _ in range(waiting)]
    released = [0.0]
    for thread in threads:
        thread.start()
    time.sleep(4)
    released[0] = time.monotonic()
    for worker in workers:
        worker.resume()
    for thread in threads:
        thread.join()
    return seen


def is_worker(process: psutil.Process) -> bool:
    """Tell whether a process is Celery's or one of its children."""
    try:
        line = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return "worker.app" in line or "billiard" in line


def tell(people: int, seen: Seen, seconds: float) -> str:
    """Return a round as one line of a table."""
    answers = sorted(seen.answers) or [float("nan")]
    median, late = answers[len(answers) // 2], answers[int(len(answers) * 0.95)]
    return (
        f"| {people} | {len(seen.answers) / seconds:.1f} | {median:.2f} | {late:.2f} "
        f"| {max(seen.probes):.2f} | {len(seen.failures)} |"
    )


def main() -> None:
    """Play round after round and print two tables."""
    parser = argparse.ArgumentParser(description="How many people one web process serves.")
    parser.add_argument("--people", default="5,20,100,200")
    parser.add_argument("--waiting", default="50,250,500")
    parser.add_argument("--seconds", type=float, default=25.0, help="of each number of people")
    parser.add_argument("--pause", type=float, default=10.0, help="seconds between two pictures")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with run_spotter(options.workers) as port:
        print("| people | answers a second | median s | 95 % s | slowest /healthz s | refused |")
        print("|---|---|---|---|---|---|")
        for people in read_numbers(options.people):
            report(people, play(port, people, options.seconds, options.pause), options.seconds)
        print("\n| waiting | answers a second | median s | 95 % s | slowest /healthz s | failed |")
        print("|---|---|---|---|---|---|")
        for waiting in read_numbers(options.waiting):
            seen = hold(port, waiting)
            report(waiting, seen, max(seen.answers, default=1.0))


def read_numbers(text: str) -> list[int]:
    """Return the numbers of a list such as 5,20."""
    return [int(part) for part in text.split(",") if part]


def report(people: int, seen: Seen, seconds: float) -> None:
    """Print a round, and what went wrong in it."""
    print(tell(people, seen, seconds), flush=True)
    for failure in sorted(set(seen.failures)):
        print(f"    {seen.failures.count(failure)} x {failure}", file=sys.stderr)


if __name__ == "__main__":
    main()
