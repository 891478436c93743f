"""A queue that is full of one client's work still takes another's, and says why and until when."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs.client import JobClient
from jobs.messages import Worker
from jobs.settings import JobsSettings
from tests.web.conftest import Make
from web.settings import Access

JOBS = "/api/v1/jobs"
ONE, OTHER = "198.51.100.7", "198.51.100.8"


@pytest.fixture
def jobs_settings(redis_url: str) -> JobsSettings:
    return JobsSettings(redis_url=redis_url, max_waiting=10)


@pytest.fixture
def http(make_app: Make) -> FlaskClient:
    return make_app(access=Access.OPEN).test_client(use_cookies=False)


def send(http: FlaskClient, photo: bytes, address: str, **headers: str) -> TestResponse:
    environ = {"REMOTE_ADDR": address}
    return http.post(JOBS, data=photo, environ_base=environ, headers=headers)


def test_one_who_fills_the_queue_keeps_nobody_else_out(http: FlaskClient, photo: bytes) -> None:
    found = [send(http, photo, ONE).status_code for _ in range(9)]
    assert found == [202] * 8 + [503]
    refused = send(http, photo, ONE)
    assert refused.get_json()["reason"] == "share"
    assert int(refused.headers["Retry-After"]) > 0
    assert [send(http, photo, OTHER).status_code for _ in range(3)] == [202, 202, 503]


def test_another_s_job_is_done_before_most_of_the_backlog(http: FlaskClient, photo: bytes) -> None:
    for _ in range(8):
        send(http, photo, ONE)
    job = send(http, photo, OTHER).get_json()
    assert job["position"] == 5  # behind the four that everybody has


def test_who_would_wait_too_long_is_told_so_at_once(
    http: FlaskClient, photo: bytes, client: JobClient
) -> None:
    client.ledger.sweep(Worker(name="child", models={}))
    client.ledger.client.hset("spotter:gauge", "service", 500)
    for _ in range(3):
        send(http, photo, ONE)
    refused = send(http, photo, OTHER, Prefer="wait=10")
    assert refused.status_code == 503
    assert refused.get_json()["reason"] == "late"
    assert refused.headers["Retry-After"] == "1"
    assert send(http, photo, OTHER).status_code == 202
