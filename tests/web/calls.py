"""Calls of `/api/v1/jobs`, and what their refusals must look like."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs.client import JobClient

JOBS = "/api/v1/jobs"


def send(http: FlaskClient, photo: bytes, **headers: str) -> TestResponse:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.post(JOBS, data=photo, content_type="image/jpeg", headers=names)


def stored(client: JobClient) -> list[bytes]:
    """The bytes of every picture that waits."""
    redis = client.ledger.client
    return [redis.get(name) for name in redis.scan_iter("spotter:blob:*")]


def problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    found: dict[str, Any] = answer.get_json()
    assert found["code"] == code
    assert found["status"] == status
    assert found["detail"]
    assert found["type"] == f"/api#{code}"
    return found
