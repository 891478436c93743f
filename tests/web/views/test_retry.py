"""A failed job tried again: by the API, by the pages, by who may."""

import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from jobs.client import JobClient
from jobs.grants import Scope
from tests.jobs.factories import take
from tests.web.conftest import Make, Worker
from web import failed
from web.settings import Access

JOBS = "/api/v1/jobs"
Fail = Callable[[str], None]


@pytest.fixture
def fail(client: JobClient) -> Fail:
    """Let the one waiting job fail by three attempts."""

    def fail_waiting(reason: str) -> None:
        for _ in range(3):
            client.ledger.give_up(take(client.ledger), "drainer", reason)

    return fail_waiting


def test_a_fault_of_ours_can_be_tried_again(
    http: FlaskClient, fail: Fail, photo: bytes, rings: list[str]
) -> None:
    first = http.post(JOBS, data=photo).get_json()
    fail("internal_error")
    answer = http.post(f"{JOBS}/{first['id']}/retry")
    assert answer.status_code == 202
    again = answer.get_json()
    assert answer.headers["Location"] == again["links"]["self"]
    assert (again["state"], again["attempts"]) == ("queued", 0)
    assert http.get(first["links"]["self"]).get_json()["state"] == "failed"
    assert http.post(f"{JOBS}/{first['id']}/retry").get_json()["id"] == again["id"]


def test_it_is_answered_like_any_other(
    http: FlaskClient, fail: Fail, photo: bytes, client: JobClient, request: pytest.FixtureRequest
) -> None:
    first = http.post(JOBS, data=photo).get_json()
    fail("worker_lost")
    again = http.post(f"{JOBS}/{first['id']}/retry").get_json()
    worker: Worker = request.getfixturevalue("worker")
    job = http.get(f"{again['links']['self']}?wait=20").get_json()
    assert job["state"] == "succeeded"
    assert worker.done == [again["id"]]


def test_what_has_not_failed_what_is_gone_and_what_never_was_are_told_apart(
    http: FlaskClient, fail: Fail, photo: bytes
) -> None:
    job = http.post(JOBS, data=photo).get_json()
    assert http.post(f"{JOBS}/{job['id']}/retry").get_json()["code"] == "job_not_failed"
    fail("picture_too_slow")
    assert http.post(f"{JOBS}/{job['id']}/retry").get_json()["code"] == "picture_gone"
    assert http.post(f"{JOBS}/{'A' * 22}/retry").get_json()["code"] == "job_unknown"


def test_the_pages_offer_what_can_be_done(http: FlaskClient, fail: Fail, photo: bytes) -> None:
    job = http.post(JOBS, data=photo).get_json()
    fail("internal_error")
    action = f'action="/jobs/{job["id"]}/retry"'
    assert action in http.get(f"/jobs/{job['id']}").text
    assert action in http.get("/failed").text
    answer = http.post(f"/jobs/{job['id']}/retry")
    assert answer.status_code == 303
    assert answer.location != f"/jobs/{job['id']}"
    assert http.get(answer.location).status_code == 200


def test_nothing_is_offered_where_the_picture_is_gone(
    http: FlaskClient, fail: Fail, photo: bytes
) -> None:
    job = http.post(JOBS, data=photo).get_json()
    fail("out_of_memory")
    for page in ("/failed", f"/jobs/{job['id']}"):
        assert "/retry" not in http.get(page).text
    assert http.post(f"/jobs/{job['id']}/retry").status_code == 410


def test_only_the_owner_and_the_operator_may_and_it_stays_the_owners(
    make_app: Make, client: JobClient, fail: Fail, photo: bytes
) -> None:
    app = make_app(access=Access.KEYS)
    store = app.extensions["spotter"].keyring.store

    def key(*scopes: Scope) -> dict[str, str]:
        return {"X-API-Key": store.make_key("test", scopes, 60)[1]}

    mine, theirs = key(Scope.SUBMIT, Scope.READ), key(Scope.SUBMIT, Scope.READ)
    http = app.test_client()
    job = http.post(JOBS, data=photo, headers=mine).get_json()
    fail("internal_error")
    assert http.post(f"{JOBS}/{job['id']}/retry", headers=theirs).status_code == 404
    again = http.post(f"{JOBS}/{job['id']}/retry", headers=key(Scope.ADMIN)).get_json()
    assert http.get(again["links"]["self"], headers=mine).status_code == 200
    assert http.get(again["links"]["self"], headers=theirs).status_code == 404


def test_the_operator_tries_all_again_by_one_command(
    http: FlaskClient,
    client: JobClient,
    fail: Fail,
    photo: bytes,
    redis_url: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environ = {"REDIS_URL": redis_url}
    for reason in ("internal_error", "picture_too_slow", "worker_lost"):
        http.post(JOBS, data=photo)
        fail(reason)
    failed.main([], environ)
    assert [line[0] for line in capsys.readouterr().out.splitlines()] == ["+", " ", "+"]
    assert failed.main(["--retry", "all"], environ) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert client.census().waiting_interactive == 2
    assert failed.main(["--retry", "unknown"], environ) == 1


def test_the_failed_job_keeps_its_json(http: FlaskClient, fail: Fail, photo: bytes) -> None:
    job = http.post(JOBS, data=photo).get_json()
    fail("internal_error")
    before = http.get(job["links"]["self"]).get_json()
    http.post(f"{JOBS}/{job['id']}/retry")
    assert json.dumps(http.get(job["links"]["self"]).get_json()) == json.dumps(before)
