"""The operator's command that changes a model's version."""

import os
import subprocess
from pathlib import Path

import pytest

from jobs.ledger import Ledger
from jobs.messages import Worker
from jobs.versions import Versions
from tests.worker.artefacts import add_version, copy_artefacts
from worker.versions import Refused, await_workers, main, own_version

ROOT = Path(__file__).resolve().parents[2]
OWN = own_version("person")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artefacts with two further versions of `person`: one sound, one whose file was changed."""
    root = copy_artefacts(tmp_path_factory.mktemp("artefacts"))
    add_version(root, "person", "sound")
    spoilt = add_version(root, "person", "spoilt") / "model.tflite"
    spoilt.write_bytes(spoilt.read_bytes()[:-1] + b"?")
    return root


@pytest.fixture(autouse=True)
def _environment(root: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("SPOTTER_MODELS", str(root))


@pytest.fixture
def versions(ledger: Ledger) -> Versions:
    return Versions(ledger.client)


def test_a_sound_version_is_chosen(versions: Versions) -> None:
    assert (main(["promote", "person", "sound"]), versions.chosen()) == (0, {"person": "sound"})


def test_a_spoilt_version_is_not_chosen(
    versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (main(["promote", "person", "spoilt"]), versions.chosen()) == (1, {})
    assert "sha256" in capsys.readouterr().err


def test_a_missing_version_is_refused_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["promote", "person", "77"]) == 1
    assert "sound" in capsys.readouterr().err


def test_without_a_version_those_that_there_are_are_named(
    versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (main(["promote", "person"]), versions.chosen()) == (1, {})
    told = capsys.readouterr().err
    assert told.startswith("VERSION is missing")
    assert told.endswith(f"there are sound, spoilt, {OWN}\n")


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ([], ["list"]),
        (["MODEL=person"], ["promote", "person"]),
        (["MODEL=person", "VERSION=2"], ["promote", "person", "2"]),
        (["VERSION=2"], ["promote", "", "2"]),
        (["ROLLBACK=person"], ["rollback", "person"]),
    ],
)
def test_make_asks_for_what_its_command_line_says(given: list[str], asked: list[str]) -> None:
    show = "PY=printf '%s\\n'"  # in place of Python: a line for each word that it would get
    told = subprocess.run(
        ["make", "-s", "promote", *given, show, "-o", ".venv/.installed-up"],
        cwd=ROOT,
        env=os.environ | {"MODEL": "of-the-environment", "VERSION": "9"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split("\n")[:-1] == ["-m", "worker.versions", *asked]


def test_a_version_is_no_path(versions: Versions) -> None:
    assert (main(["promote", "person", "../person/sound"]), versions.chosen()) == (1, {})


def test_a_model_that_no_pipeline_asks_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["promote", "digits", "1"]) == 1
    assert "zomato_rider" in capsys.readouterr().err


def test_rollback_takes_the_choice_back(versions: Versions) -> None:
    main(["promote", "person", "sound"])
    assert (main(["rollback", "person"]), versions.chosen()) == (0, {})


def test_rollback_without_a_choice_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rollback", "person"]) == 1
    assert f"version {OWN}" in capsys.readouterr().err


def test_the_list_names_what_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    main(["promote", "person", "sound"])
    capsys.readouterr()
    main(["list"])
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("person: sound (promoted)")
    assert first.endswith(f"before: {OWN}")


def test_a_worker_that_stays_behind_is_named(ledger: Ledger) -> None:
    ledger.sweep(Worker(name="slow-one", models={"person": OWN}))
    with pytest.raises(Refused, match="slow-one"):
        await_workers("person", "sound", ledger, seconds=0.3)


def test_a_fleet_that_has_changed_is_not_waited_for(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.sweep(Worker(name="quick-one", models={"person": "sound"}))
    await_workers("person", "sound", ledger, seconds=0.3)
    assert "all 1 worker" in capsys.readouterr().out
