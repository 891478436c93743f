"""A worker does not start on artefacts that are not what they say."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models.catalogue import ARTEFACTS_ROOT
from tests.faults.fleet import ROOT
from worker.versions import own_version

PERSON = f"person/{own_version('person')}/model.tflite"


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A copy of the artefacts in which one byte of one model is another."""
    root = shutil.copytree(ARTEFACTS_ROOT, tmp_path / "artefacts")
    model = root / PERSON
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    return root


def run_check(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "worker.check", str(root)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_artefacts_of_the_project_are_sound() -> None:
    done = run_check(ARTEFACTS_ROOT)
    assert done.returncode == 0, done.stderr


def test_a_damaged_model_is_named_in_the_last_line(damaged: Path) -> None:
    done = run_check(damaged)
    last = done.stderr.splitlines()[-1]
    assert (done.returncode, PERSON in last, "sha256" in last) == (1, True, True)


def test_a_worker_refuses_to_start_on_a_damaged_model(damaged: Path, redis_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "worker.app", "worker"],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": redis_url, "SPOTTER_MODELS": str(damaged)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    lines = [line for line in done.stdout.splitlines() if "artefacts_refused" in line]
    assert (done.returncode, len(lines), PERSON in lines[0]) == (1, 1, True)


def test_a_worker_without_a_queue_says_so_in_one_line() -> None:
    environment = {name: text for name, text in os.environ.items() if name != "REDIS_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "worker.app", "worker"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    text = done.stderr.strip()
    assert (done.returncode, text.count("\n"), "REDIS_URL is not set" in text) == (1, 0, True)
