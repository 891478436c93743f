"""`make chaos` in short: it passes a sound system, and finds the bugs of one that has some."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

FAULT = '"op":"fault"'
pytestmark = pytest.mark.timeout(240)


def run_chaos(folder: Path, *options: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.chaos", "--folder", str(folder), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def read_count(report: str, name: str) -> int:
    line = next(line for line in report.splitlines() if line.startswith(f"| **{name}**"))
    return int(line.split("**")[3])


def test_a_sound_system_keeps_its_promise_under_faults(tmp_path: Path) -> None:
    # A seed whose first faults are short ones: the queue's disk is full, it is killed, the worker
    # is killed, doorbells ring five times.
    options = ("--minutes", "0.25", "--pause", "2", "--seed", "2315")
    status, report = run_chaos(tmp_path, *options, "--worker", "tests.faults.digest_app")
    history = (tmp_path / "history.jsonl").read_text().splitlines()
    faults = [json.loads(line) for line in history if FAULT in line]
    assert status == 0, report
    assert "The promise was kept." in report
    assert len(faults) >= 3
    assert {fault["error"] for fault in faults} == {""}, "a fault found nobody to harm"


def test_dropped_and_rewritten_results_are_reported(tmp_path: Path) -> None:
    status, report = run_chaos(
        tmp_path,
        "--jobs",
        "2000",
        "--minutes",
        "0.5",
        "--worker",
        "tests.faults.buggy_app",
        "--seed=7",
    )
    assert status == 1, report
    assert read_count(report, "lost") >= 1
    assert read_count(report, "changed") >= 1
    assert "THE PROMISE WAS BROKEN." in report
