"""`/status` and its JSON: the same numbers, an answer in every state, for who runs the system."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from jobs.client import JobClient
from jobs.messages import Worker as Child
from tests.jobs.factories import make_submission
from tests.web.conftest import Make
from web.settings import Access
from web.views import status


@pytest.fixture(autouse=True)
def _always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "FRESH_SECONDS", -1)


def test_the_page_without_its_script_tells_what_the_json_tells(
    http: FlaskClient, client: JobClient
) -> None:
    client.ledger.sweep(Child(name="w1", models={"person": "7"}))
    client.ledger.accept([make_submission()])
    client.ledger.accept([make_submission(bulk=True)])
    told = http.get("/status.json").get_json()
    page = re.sub(r"<[^>]+>", "", http.get("/status").text)
    assert (told["waiting"], told["interactive"], told["bulk"]) == (2, 1, 1)
    assert told["workers"] == [{"name": "w1", "models": {"person": "7"}}]
    assert told["verdict"]["title"] in page
    assert "1 interactive, 1 bulk" in page
    assert "person 7" in page


def test_a_failed_job_is_told_with_a_way_to_it(http: FlaskClient, client: JobClient) -> None:
    job_id = client.ledger.accept([make_submission()]).id
    for _ in range(3):
        lease = client.ledger.advance("d", None, take=True).lease
        assert lease is not None
        client.ledger.give_up(lease, "d", "internal_error")
    (failed,) = http.get("/status.json").get_json()["failed"]
    assert (failed["code"], failed["page"]) == ("internal_error", f"/jobs/{job_id}")
    assert f'href="/jobs/{job_id}"' in http.get("/status").text


def test_many_who_look_are_one_question_to_the_ledger(
    app: Flask, client: JobClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "FRESH_SECONDS", 60)
    http = app.test_client()
    before = http.get("/status.json").get_json()
    client.ledger.accept([make_submission()])
    assert http.get("/status.json").get_json() == before


def test_it_answers_where_the_queue_does_not(lonely: Flask) -> None:
    http = lonely.test_client()
    page, told = http.get("/status"), http.get("/status.json")
    assert (page.status_code, told.status_code) == (200, 200)
    assert "The queue does not answer" in page.text
    assert told.get_json()["time"] is None


@pytest.mark.parametrize("path", ["/status", "/status.json", "/metrics"])
@pytest.mark.parametrize("access", [Access.KEYS, Access.OPEN])
def test_it_is_for_who_runs_the_system(make_app: Make, path: str, access: Access) -> None:
    assert make_app(access=access).test_client().get(path).status_code in (401, 403)
