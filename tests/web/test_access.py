"""Who may have what: keys, scopes, owners, and that nothing of another can be told from nothing."""

import logging
import re
import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs.client import JobClient
from jobs.grants import Scope
from tests.web.conftest import Make, Worker
from tests.web.forms import FORM_TYPE, make_form
from web.access import find_need
from web.settings import Access

JOBS, BATCHES = "/api/v1/jobs", "/api/v1/batches"
MakeKey = Callable[..., dict[str, str]]

OPEN_ENDPOINTS = {
    *("static", "health.show_life", "health.show_readiness"),
    *("reference.show_description", "reference.show_reference", "pages.show_about"),
    *("signin.show_sign_in", "signin.sign_in", "signin.sign_out"),
    *("models.show_models", "models.show_card", "models.send_plot"),
}


@pytest.fixture
def locked(make_app: Make) -> Flask:
    """The application where every caller needs a key."""
    return make_app(access=Access.KEYS)


@pytest.fixture
def http(locked: Flask) -> FlaskClient:
    return locked.test_client(use_cookies=False)


@pytest.fixture
def make_key(locked: Flask) -> MakeKey:
    """Make a key, and return the header that carries it."""

    def make(*scopes: Scope, seconds: float = 3600) -> dict[str, str]:
        store = locked.extensions["spotter"].keyring.store
        text = store.make_key("test", scopes or (Scope.SUBMIT, Scope.READ), seconds)[1]
        return {"Authorization": f"Bearer {text}"}

    return make


def send(http: FlaskClient, photo: bytes, headers: dict[str, str], **more: str) -> dict[str, str]:
    answer = http.post(JOBS, data=photo, headers={**headers, **more})
    assert answer.status_code == 202, answer.get_json()
    job: dict[str, str] = answer.get_json()
    return job


def strip(answer: TestResponse) -> dict[str, object]:
    """Return status and body without what is new in every answer."""
    body = answer.get_json()
    body.pop("request_id")
    return {"status": answer.status_code, **body}


def test_only_these_answer_everybody(locked: Flask) -> None:
    found = {
        rule.endpoint
        for rule in locked.url_map.iter_rules()
        if find_need(locked, rule.endpoint) is None
    }
    assert found == OPEN_ENDPOINTS


def test_nothing_else_answers_without_a_key(locked: Flask, http: FlaskClient) -> None:
    for rule in locked.url_map.iter_rules():
        if rule.endpoint in OPEN_ENDPOINTS:
            continue
        path = re.sub(r"<\w+>", "A" * 22, rule.rule)
        for method in (rule.methods or set()) - {"OPTIONS"}:
            answer = http.open(path, method=method)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="spotter"')


def test_a_view_that_names_no_scope_is_the_operators(locked: Flask, make_key: MakeKey) -> None:
    locked.add_url_rule("/new", view_func=lambda: "secret", endpoint="new")
    http = locked.test_client()
    assert http.get("/new").status_code == 401
    assert http.get("/new", headers=make_key()).status_code == 403
    assert http.get("/new", headers=make_key(Scope.ADMIN)).status_code == 200


def test_a_key_opens_the_api(
    http: FlaskClient, make_key: MakeKey, worker: Worker, photo: bytes
) -> None:
    key = make_key()
    answer = http.post(JOBS, data=photo, headers={**key, "Prefer": "wait=20"})
    assert answer.status_code == 200
    assert http.get(answer.get_json()["links"]["self"], headers=key).status_code == 200


def test_the_other_header_will_do(http: FlaskClient, make_key: MakeKey) -> None:
    text = make_key()["Authorization"].removeprefix("Bearer ")
    assert http.get(JOBS, headers={"X-API-Key": text}).status_code == 200
    assert http.get(JOBS, headers={"Authorization": f"bearer   {text}"}).status_code == 200


def test_unknown_revoked_and_expired_keys_get_one_answer(
    http: FlaskClient, locked: Flask, make_key: MakeKey
) -> None:
    expired, revoked = make_key(seconds=-1), make_key()
    locked.extensions["spotter"].keyring.store.revoke(revoked["Authorization"].split("_")[1])
    wrong = {"Authorization": make_key()["Authorization"][:-43] + "a" * 43}
    unknown = {"Authorization": "Bearer spotter_0123456789_" + "a" * 43}
    nonsense = {"Authorization": "Bearer x"}
    answers = [
        http.get(JOBS, headers=headers) for headers in (expired, revoked, wrong, unknown, nonsense)
    ]
    assert strip(answers[0])["code"] == "key_unknown"
    assert all(strip(answer) == strip(answers[0]) for answer in answers)
    assert len({answer.headers["WWW-Authenticate"] for answer in answers}) == 1


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        (Scope.READ, "POST", JOBS),
        (Scope.READ, "POST", BATCHES),
        (Scope.READ, "DELETE", f"{JOBS}/x"),
        (Scope.READ, "POST", "/"),
        (Scope.SUBMIT, "GET", JOBS),
        (Scope.SUBMIT, "GET", f"{JOBS}/x"),
        (Scope.SUBMIT, "GET", f"{JOBS}/x/events"),
        (Scope.SUBMIT, "GET", f"{BATCHES}/x"),
        (Scope.READ, "GET", "/failed"),
        (Scope.READ, "GET", "/metrics"),
        (Scope.WATCH, "GET", JOBS),
        (Scope.WATCH, "GET", "/failed"),
    ],
)
def test_a_key_without_the_scope_is_refused(
    http: FlaskClient, make_key: MakeKey, scope: Scope, method: str, path: str
) -> None:
    answer = http.open(path, method=method, headers=make_key(scope))
    assert answer.status_code == 403
    assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


def test_a_job_of_another_key_is_as_one_that_never_was(
    http: FlaskClient, client: JobClient, make_key: MakeKey, photo: bytes
) -> None:
    mine, theirs = make_key(), make_key()
    job = send(http, photo, mine)
    began = time.monotonic()
    for method, tail in (("GET", ""), ("GET", "?wait=30"), ("GET", "/events"), ("DELETE", "")):
        foreign = http.open(f"{JOBS}/{job['id']}{tail}", method=method, headers=theirs)
        never = http.open(f"{JOBS}/{'A' * 22}{tail}", method=method, headers=theirs)
        assert foreign.status_code == 404, tail
        assert strip(foreign) == strip(never)
    assert time.monotonic() - began < 20  # nobody waited for what is not theirs
    for method, tail in (("GET", ""), ("POST", "/cancel")):
        foreign = http.open(f"/jobs/{job['id']}{tail}", method=method, headers=theirs)
        never = http.open(f"/jobs/{'A' * 22}{tail}", method=method, headers=theirs)
        assert (foreign.status_code, foreign.text) == (404, never.text)
    still = client.get(job["id"])
    assert still is not None
    assert still.state == "queued"
    assert http.get(JOBS, headers=theirs).get_json()["jobs"] == []
    assert job["id"] not in http.get("/jobs.csv", headers=theirs).text


def test_a_batch_of_another_key_is_as_one_that_never_was(
    http: FlaskClient, make_key: MakeKey, photo: bytes
) -> None:
    mine, theirs = make_key(), make_key()
    form = {"data": make_form([photo, photo]), "content_type": FORM_TYPE}
    batch = http.post(BATCHES, **form, headers=mine).get_json()
    assert http.get(batch["links"]["self"], headers=mine).status_code == 200
    foreign = http.get(batch["links"]["self"], headers=theirs)
    assert foreign.status_code == 404
    assert strip(foreign) == strip(http.get(f"{BATCHES}/{'A' * 22}", headers=theirs))


def test_names_that_two_keys_chose_alike_are_two(
    http: FlaskClient, client: JobClient, make_key: MakeKey, photo: bytes, other_photo: bytes
) -> None:
    mine, theirs = make_key(), make_key()
    first = send(http, photo, mine, **{"Idempotency-Key": "a"})
    second = send(http, other_photo, theirs, **{"Idempotency-Key": "a"})
    assert first["id"] != second["id"]
    for key in (mine, theirs):
        assert http.post(f"{JOBS}?camera=gate", data=photo, headers=key).status_code == 202
    states = [client.get(job["id"]).state for job in (first, second)]  # type: ignore[union-attr]
    assert states == ["queued", "queued"]
    assert client.census().waiting_interactive == 4  # neither camera's frame replaced the other


def test_who_runs_the_system_sees_and_ends_all(
    http: FlaskClient, make_key: MakeKey, photo: bytes
) -> None:
    job = send(http, photo, make_key())
    admin = make_key(Scope.ADMIN)
    assert http.get(f"{JOBS}/{job['id']}", headers=admin).status_code == 200
    assert http.delete(f"{JOBS}/{job['id']}", headers=admin).get_json()["state"] == "cancelled"
    assert http.get("/failed", headers=admin).status_code == 200


def test_a_key_is_no_cookie_so_no_site_can_misuse_it(
    http: FlaskClient, make_key: MakeKey, photo: bytes
) -> None:
    headers = {**make_key(), "Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}
    assert http.post(JOBS, data=photo, headers=headers).status_code == 202


def test_a_program_with_a_key_gets_no_cookie(http: FlaskClient, make_key: MakeKey) -> None:
    assert "Set-Cookie" not in http.get("/", headers=make_key()).headers


def test_the_log_names_the_key_by_its_id_alone(
    http: FlaskClient, make_key: MakeKey, photo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    key = make_key()
    _, grant, secret = key["Authorization"].split("_", 2)
    with caplog.at_level(logging.DEBUG):
        send(http, photo, key)
        http.get(JOBS, headers={"Authorization": key["Authorization"][:-1] + "!"})
    told = repr([record.__dict__ for record in caplog.records])
    assert f"'key': '{grant}'" in told
    assert secret not in told
    assert secret[:-1] not in told


def test_without_redis_nobody_new_is_let_in(
    make_app: Make, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key()
    app = make_app(access=Access.KEYS)

    def fail(*_: object) -> None:
        raise ConnectionError("gone")

    monkeypatch.setattr(app.extensions["spotter"].keyring.store._client, "hget", fail)
    answer = app.test_client().get(JOBS, headers=key)
    assert answer.status_code == 503
    assert answer.get_json()["code"] == "ledger_unavailable"
    assert app.test_client().get("/api", headers=key).status_code == 200


# Where no key is needed


def test_on_loopback_nobody_is_asked_and_everybody_runs_the_system(make_app: Make) -> None:
    http = make_app(access=Access.LOCAL).test_client()
    assert http.get(JOBS).status_code == 200
    assert http.get("/failed").status_code == 200


@pytest.mark.parametrize("address", ["192.168.1.5", "8.8.8.8", "2001:db8::1", "::ffff:10.0.0.1"])
def test_who_reaches_a_loopback_service_from_elsewhere_needs_a_key(
    make_app: Make, address: str
) -> None:
    http = make_app(access=Access.LOCAL).test_client()
    answer = http.get(JOBS, environ_overrides={"REMOTE_ADDR": address})
    assert answer.status_code == 401


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1", ""])
def test_who_is_on_this_machine_needs_none(make_app: Make, address: str) -> None:
    http = make_app(access=Access.LOCAL).test_client()
    assert http.get(JOBS, environ_overrides={"REMOTE_ADDR": address}).status_code == 200


def test_open_access_asks_nobody_but_keeps_the_operators_pages(make_app: Make) -> None:
    http = make_app(access=Access.OPEN).test_client()
    answer = http.get(JOBS, environ_overrides={"REMOTE_ADDR": "8.8.8.8"})
    assert answer.status_code == 200
    assert http.get("/failed").status_code == 403


def test_a_key_counts_where_none_is_needed(make_app: Make, make_key: MakeKey, photo: bytes) -> None:
    http = make_app(access=Access.LOCAL).test_client()
    mine, theirs = make_key(), make_key()
    job = send(http, photo, mine)
    assert [one["id"] for one in http.get(JOBS, headers=mine).get_json()["jobs"]] == [job["id"]]
    assert http.get(f"{JOBS}/{job['id']}", headers=theirs).status_code == 404
    assert http.get(JOBS, headers={"Authorization": "Bearer x"}).status_code == 401
