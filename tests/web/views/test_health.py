"""Health: the process lives, and a job can be accepted."""

from flask import Flask
from flask.testing import FlaskClient

from jobs.client import JobClient
from jobs.messages import Worker as Child


def test_without_workers_a_job_can_be_accepted_and_it_says_so(http: FlaskClient) -> None:
    answer = http.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json() == {
        "ready": True,
        "workers": 0,
        "models": {},
        "durability": "fast",
        "waiting": 0,
        "running": 0,
    }


def test_workers_and_every_version_in_use_are_told(http: FlaskClient, client: JobClient) -> None:
    client.ledger.sweep(Child(name="a", models={"person": "1"}))
    client.ledger.sweep(Child(name="b", models={"person": "2"}))
    body = http.get("/readyz").get_json()
    assert body["workers"] == 2
    assert body["models"] == {"person": ["1", "2"]}


def test_without_the_queue_no_job_is_accepted_and_the_process_lives(
    lonely: Flask, photo: bytes
) -> None:
    http = lonely.test_client()
    assert http.get("/healthz").status_code == 200
    for answer in (
        http.get("/readyz"),
        http.post("/api/v1/jobs", data=photo),
        http.get("/api/v1/jobs"),
        http.get("/api/v1/jobs/x?wait=2"),
        http.get("/api/v1/jobs/x/events"),
    ):
        assert answer.status_code == 503
        assert answer.get_json()["code"] == "ledger_unavailable"
        assert answer.headers["Retry-After"]
