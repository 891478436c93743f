"""The check of a worker's container."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from jobs.ledger import Ledger
from jobs.messages import Worker
from worker.probe import find_children

ROOT = Path(__file__).resolve().parents[2]


def probe(url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "worker.probe"],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": url},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_children_of_other_hosts_do_not_count(ledger: Ledger) -> None:
    for name in ("here-7", "here-too-8", "there-9"):
        ledger.sweep(Worker(name=name, models={}))
    assert find_children(ledger, "here") == ["here-7"]


def test_a_host_whose_child_was_seen_is_healthy(ledger: Ledger, redis_url: str) -> None:
    ledger.sweep(Worker(name=f"{socket.gethostname()}-7", models={}))
    done = probe(redis_url)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_host_without_children_is_not(ledger: Ledger, redis_url: str) -> None:
    ledger.sweep(Worker(name="elsewhere-7", models={}))
    done = probe(redis_url)
    assert done.returncode == 1
    assert "no child of the worker" in done.stderr


def test_an_absent_redis_is_said_in_one_line() -> None:
    done = probe("redis://127.0.0.1:1/0")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Redis" in done.stderr
