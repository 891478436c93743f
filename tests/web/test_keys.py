"""The operator's commands, as they are typed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.connection import connect
from jobs.console import find_address
from jobs.grants import Grant, GrantStore, Scope
from jobs.messages import Failure
from tests.conftest import ROOT
from tests.web.conftest import Make, Worker
from web import failed, keys


@pytest.fixture
def environ(redis_url: str, tmp_path: Path) -> dict[str, str]:
    return {"REDIS_URL": redis_url, "SPOTTER_DATA": str(tmp_path)}


@pytest.fixture
def store(redis_url: str) -> GrantStore:
    return GrantStore(connect(redis_url))


def only(store: GrantStore) -> Grant:
    [grant] = store.list()
    return grant


def test_a_key_is_made_and_shown_once(
    environ: dict[str, str], store: GrantStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys.main(["add", "gate camera", "--scope", "submit", "--days", "7"], environ) == 0
    shown = capsys.readouterr()
    grant = only(store)
    assert shown.out.startswith(f"spotter_{grant.id}_")
    assert shown.out.count("\n") == 1  # the key alone, so that it can be piped
    assert "shown this once" in shown.err.replace("\n", " ")
    assert (grant.name, grant.scopes) == ("gate camera", {Scope.SUBMIT})
    assert grant.expires_ms - grant.made_ms == 7 * 24 * 3600 * 1000
    keys.main([], environ)
    listed = capsys.readouterr().out
    assert "gate camera" in listed
    assert shown.out.strip().rpartition("_")[2] not in listed


def test_where_there_are_none_it_says_how_to_make_one(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys.main([], environ) == 0
    shown = capsys.readouterr()
    assert (shown.out, "make key NAME=" in shown.err) == ("", True)


def test_a_key_opens_what_its_scopes_say(
    environ: dict[str, str], make_app: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    keys.main(["add", "phone"], environ)
    headers = {"Authorization": f"Bearer {capsys.readouterr().out.strip()}"}
    http = make_app().test_client()
    assert http.get("/api/v1/jobs", headers=headers).status_code == 200
    assert http.get("/failed", headers=headers).status_code == 403


@pytest.mark.parametrize("wanted", ["name", "id"])
def test_a_key_is_revoked_by_name_or_id(
    environ: dict[str, str], store: GrantStore, wanted: str
) -> None:
    keys.main(["add", "phone"], environ)
    grant = only(store)
    assert keys.main(["revoke", grant.id if wanted == "id" else "phone"], environ) == 0
    assert store.list() == []


def test_a_name_of_two_or_of_none_revokes_nothing(
    environ: dict[str, str], store: GrantStore, capsys: pytest.CaptureFixture[str]
) -> None:
    keys.main(["add", "phone"], environ)
    keys.main(["add", "phone"], environ)
    assert keys.main(["revoke", "phone"], environ) == 1
    assert keys.main(["revoke", "nobody"], environ) == 1
    assert "2 have the id or name 'phone'" in capsys.readouterr().err
    assert len(store.list()) == 2


@pytest.mark.parametrize(
    ("more", "start"),
    [
        ({"PORT": "9000"}, "http://127.0.0.1:9000/sign-in?link="),
        ({"SPOTTER_ADDRESS": "https://gate.example/"}, "https://gate.example/sign-in?link="),
    ],
)
def test_a_link_begins_with_the_address_of_the_service(
    environ: dict[str, str], more: dict[str, str], start: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys.main(["link", "anna"], {**environ, **more}) == 0
    assert capsys.readouterr().out.startswith(start)
    assert keys.main(["link", "anna", "--at", "https://x.example"], environ) == 0
    assert capsys.readouterr().out.startswith("https://x.example/sign-in?link=")


def test_the_address_that_make_up_wrote_down_is_used(
    environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "address").write_text("http://192.168.1.5:8080\n")
    assert find_address(environ) == "http://192.168.1.5:8080"


@pytest.mark.parametrize(
    "arguments",
    [
        *(["add"], ["add", ""], ["add", "a\nb"], ["add", "x" * 65], ["revoke"]),
        *(["add", "a", "--scope", "all"], ["add", "a", "--days", "0"], ["link", "a", "--days=x"]),
    ],
    ids=repr,
)
def test_what_cannot_be_meant_is_refused(
    environ: dict[str, str], store: GrantStore, arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        keys.main(arguments, environ)
    assert refused.value.code == 2
    assert store.list() == []


def test_where_no_spotter_runs_one_line_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (keys.main, failed.main):
        assert command([], {"SPOTTER_DATA": str(tmp_path)}) == 1
    (tmp_path / "queue").mkdir()
    (tmp_path / "queue" / "app.url").write_text(f"unix://app:secret@{tmp_path}/gone.sock?db=0\n")
    for command in (keys.main, failed.main):
        assert command([], {"SPOTTER_DATA": str(tmp_path)}) == 1
    said = capsys.readouterr().err
    assert said.count("`make up`") == 4
    assert "secret" not in said
    assert "Traceback" not in said


def test_failed_jobs_are_listed_a_line_each(
    environ: dict[str, str],
    make_app: Make,
    worker: Worker,
    photo: bytes,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert failed.main([], environ) == 0
    assert "No job has failed" in capsys.readouterr().err
    worker.answer = Failure(code="picture_too_slow", message="It took too long.")
    job = (
        make_app()
        .test_client()
        .post("/api/v1/jobs", data=photo, headers={"Prefer": "wait=20"})
        .get_json()
    )
    failed.main([], environ)
    [line] = capsys.readouterr().out.splitlines()
    assert f"{job['id']}  zomato-rider  picture_too_slow: It took too long." in line
    failed.main(["--json"], environ)
    assert json.loads(capsys.readouterr().out) == job


def test_make_hands_names_over_as_they_are(environ: dict[str, str], store: GrantStore) -> None:
    name = 'o\'neill "x" `touch pwned` ~ #'
    for variables in (["LINK=x"], [f"NAME={name}", "DAYS=3", "SCOPE=read,submit"]):
        done = subprocess.run(
            ["make", "-s", "key", *variables, f"PY={sys.executable}", "-o", ".venv/.installed-up"],
            cwd=ROOT,
            env={**os.environ, **environ, "NAME": "wsl-sets-this"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert only(store).name == name
