"""What a fault of ours looks like from outside: a code and a request id, nothing of the inside."""

import logging

import pytest
from flask import Flask
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from tests.web.conftest import Make
from web.answers import translate
from web.problems import PROBLEMS
from web.settings import Access


@pytest.fixture
def broken(make_app: Make) -> Flask:
    app = make_app()

    @app.get("/api/v1/broken")
    @app.get("/broken")
    def fail() -> str:
        raise RuntimeError("secret at /home/somebody/file.py")

    return app


def test_a_fault_tells_its_request_id_and_nothing_else(
    broken: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = broken.test_client().get("/api/v1/broken")
    assert answer.status_code == 500
    text = answer.get_data(as_text=True)
    assert "secret" not in text
    assert "Traceback" not in text
    assert "/home" not in text
    problem = answer.get_json()
    assert problem["code"] == "internal"
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert problem["request_id"] in {getattr(one, "request_id", "") for one in caplog.records}


def test_a_person_gets_a_page(broken: Flask) -> None:
    answer = broken.test_client().get("/broken")
    assert answer.status_code == 500
    assert answer.mimetype == "text/html"
    assert "internal" in answer.get_data(as_text=True)
    assert "secret" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/metrics", "/status.json"])
def test_a_program_that_is_refused_gets_no_page(make_app: Make, path: str) -> None:
    answer = make_app(access=Access.KEYS).test_client().get(path)
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


@pytest.mark.parametrize(
    ("error", "code"),
    [(BadRequest(), "parameter_unusable"), (RequestEntityTooLarge(), "body_too_large")],
)
def test_what_flask_raises_by_itself_has_a_code_of_ours(
    app: Flask, error: Exception, code: str
) -> None:
    with app.test_request_context():
        assert translate(error).code == code


@pytest.mark.parametrize("kind", PROBLEMS.values(), ids=lambda kind: kind.code)
def test_every_problem_says_what_to_do(kind: object) -> None:
    assert kind.advice.endswith((".", "`."))
    assert 400 <= kind.status < 600
