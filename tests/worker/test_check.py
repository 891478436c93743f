"""A worker does not start on artefacts that are not what they say."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.ledger import Ledger
from models.catalogue import ARTEFACTS_ROOT
from tests.faults.fleet import ROOT, Fleet, wait_until
from worker.versions import own_version

PERSON = f"person/{own_version('person')}/model.tflite"


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A copy of the artefacts in which one byte of one model is another."""
    root = shutil.copytree(ARTEFACTS_ROOT, tmp_path / "artefacts")
    damage(root)
    return root


def damage(root: Path) -> None:
    model = root / PERSON
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)


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


def run_worker(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "worker", *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_worker_refuses_to_start_on_a_damaged_model(
    damaged: Path, ledger: Ledger, submit: Callable[..., str], redis_url: str
) -> None:
    job_id = submit()
    environ = {"REDIS_URL": redis_url, "SPOTTER_MODELS": str(damaged), "WORKERS": "1"}
    done = run_worker(os.environ | environ)
    lines = [line for line in done.stdout.splitlines() if "artefacts_refused" in line]
    assert (done.returncode, len(lines), PERSON in lines[0]) == (1, 1, True)
    assert done.stderr == ""
    assert ledger.get(job_id).attempts == 0
    assert ledger.census().workers == ()


def test_a_model_that_crashes_its_reader_keeps_a_worker_from_starting(redis_url: str) -> None:
    environ = {"REDIS_URL": redis_url, "WORKERS": "2"}
    done = run_worker(os.environ | environ, "-A", "tests.worker.crashing_app")
    assert (done.returncode, "SIGSEGV ended a child" in done.stdout) == (1, True)


def test_what_is_damaged_later_does_not_end_a_worker(tmp_path: Path, redis_url: str) -> None:
    root = shutil.copytree(ARTEFACTS_ROOT, tmp_path / "artefacts")
    environ = {"SPOTTER_MODELS": str(root)}
    fleet = Fleet(
        url=redis_url, log=tmp_path / "log", environment=environ, module="worker.app", children=1
    )
    try:
        fleet.start()
        damage(root)
        fleet.find_children()[0].kill()
        wait_until(lambda: fleet.find_events("models_not_loaded"), "a child that does not load")
        assert fleet.process.poll() is None
        assert not fleet.find_events("artefacts_refused")
    finally:
        fleet.kill()


def test_a_worker_without_a_queue_says_so_in_one_line() -> None:
    done = run_worker({name: text for name, text in os.environ.items() if name != "REDIS_URL"})
    text = done.stderr.strip()
    assert (done.returncode, text.count("\n"), "REDIS_URL is not set" in text) == (1, 0, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "x"),
        ("REDIS_URL", "nonsense"),
        ("SPOTTER_MAX_WAITING", "x"),
        ("SPOTTER_CONCURRENCY", "x"),
    ],
)
def test_a_bad_setting_is_refused_before_celery_is_imported(name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "worker"],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": "redis://queue", name: value},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, "celery" in done.stderr) == (1, False)
    assert f"worker: {name} " in done.stderr.splitlines()[-1]
