"""The check of the containers finds what it looks for; without an engine, by planted faults."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deploy.compose_check.client import ANSWER, Client, settle
from deploy.compose_check.compose import CheckFailed, read_time, wait_until

GOOD = {"state": "succeeded", "attempts": 1, "error": None, "outcome": {"text": ANSWER}}


class Answers(BaseHTTPRequestHandler):
    """Gives each job's answers in turn, and the last one from then on; 404 for other jobs."""

    jobs: dict[str, list[dict[str, Any]]]

    def do_GET(self) -> None:
        answers = self.jobs.get(self.path.rpartition("/")[2].partition("?")[0])
        self.send_response(200 if answers else 404)
        self.end_headers()
        self.wfile.write(json.dumps(answers and answers[0]).encode())
        if answers and len(answers) > 1:
            answers.pop(0)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def client() -> Iterator[Client]:
    Answers.jobs = {"good": [GOOD]}
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield Client(server.server_port)
        server.shutdown()


def test_jobs_with_their_answer_are_fine(client: Client) -> None:
    settle(client, ["good"])


def test_a_lost_job_is_found(client: Client) -> None:
    with pytest.raises(CheckFailed, match="LOST"):
        settle(client, ["good", "gone"])


def test_an_answer_that_changes_is_found(client: Client) -> None:
    Answers.jobs["fickle"] = [GOOD, {**GOOD, "attempts": 2}]
    with pytest.raises(CheckFailed, match="has changed"):
        settle(client, ["fickle"])


@pytest.mark.parametrize(
    "end", [{"state": "failed", "outcome": None}, {"outcome": {"text": "no human detected"}}]
)
def test_a_wrong_end_is_found(client: Client, end: dict[str, Any]) -> None:
    Answers.jobs["wrong"] = [{**GOOD, **end}]
    with pytest.raises(CheckFailed, match="wrong ended as"):
        settle(client, ["wrong"])


def test_one_job_for_two_pictures_is_found(client: Client) -> None:
    with pytest.raises(CheckFailed, match="two pictures"):
        settle(client, ["good", "good"])


def test_what_never_comes_is_said(client: Client) -> None:
    with pytest.raises(CheckFailed, match="not within 0 s: the moon"):
        wait_until(lambda: None, "the moon", 0)


def test_the_engine_s_times_are_read() -> None:
    assert read_time("2026-11-24T08:19:53.640123456Z") == pytest.approx(1795508393.640123)
    assert read_time("1970-01-01T00:00:02Z") == 2
