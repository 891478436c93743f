"""The operator's page of failed jobs."""

from flask.testing import FlaskClient

from jobs.messages import Failure
from tests.web.conftest import Worker


def test_it_lists_what_failed_with_the_reason(
    http: FlaskClient, worker: Worker, photo: bytes
) -> None:
    assert "Nothing failed" in http.get("/failed").text
    worker.answer = Failure(code="picture_too_slow", message="It took <too> long.")
    answer = http.post("/api/v1/jobs?camera=gate", data=photo, headers={"Prefer": "wait=20"})
    page = http.get("/failed").text
    assert f'href="/jobs/{answer.get_json()["id"]}"' in page
    assert "<code>picture_too_slow</code>" in page
    assert "It took &lt;too&gt; long." in page
    assert "gate" in page
