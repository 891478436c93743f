"""What the log tells of a request, and what it must not."""

import io
import logging

import pytest
from flask.testing import FlaskClient


def test_nothing_that_a_user_named_or_holds_is_logged(
    http: FlaskClient, photo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = http.post(
            "/api/v1/jobs?camera=GATE-NAME&secret=IN-THE-QUERY",
            data={"image": (io.BytesIO(photo), "MY-HOLIDAY.jpg"), "note": "IN-THE-FORM"},
            headers={"Idempotency-Key": "MY-KEY", "Cookie": "a=MY-COOKIE", "X-Any": "MY-HEADER"},
            environ_overrides={"REMOTE_ADDR": "127.9.8.7"},
        )
    assert answer.status_code == 202
    [record] = [record for record in caplog.records if record.getMessage() == "request"]
    told = repr(record.__dict__)
    assert answer.get_json()["id"] in told
    for private in ("GATE", "QUERY", "HOLIDAY", "FORM", "MY-", "127.9.8.7", repr(photo[:32])):
        assert private not in told
