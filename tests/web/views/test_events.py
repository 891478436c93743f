"""Server-sent events: one order, whatever happens to the job."""

import json
import threading
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from jobs.client import JobClient
from jobs.errors import LedgerUnavailable
from jobs.messages import Job, JobState
from tests.jobs.factories import finish, look_up, make_stage, make_submission, take
from tests.web.conftest import Worker
from web.views import events
from web.views.events import write_stream

Event = tuple[str, str, Any]


def parse(text: str) -> list[Event]:
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
        if "event" in fields:
            found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found


def names(stream: list[Event]) -> list[str]:
    return [name for _, name, _ in stream]


@pytest.fixture
def job(client: JobClient) -> Job:
    return look_up(client.ledger, client.submit(make_submission()).id)


def read(http: FlaskClient, job: Job, last: str = "") -> list[Event]:
    answer = http.get(f"/api/v1/jobs/{job.id}/events", headers={"Last-Event-ID": last})
    assert answer.content_type == "text/event-stream"
    return parse(answer.get_data(as_text=True))


def test_a_job_is_told_from_queue_to_end(http: FlaskClient, client: JobClient, job: Job) -> None:
    def work() -> None:
        lease = take(client.ledger)
        client.ledger.extend(lease, "drainer", [make_stage()])
        finish(client.ledger, lease)

    thread = threading.Thread(target=work)
    answer = http.get(f"/api/v1/jobs/{job.id}/events")
    thread.start()
    told = parse(answer.get_data(as_text=True))
    thread.join()
    assert names(told) == ["queued", "running", "stage", "done"]
    assert [number for number, _, _ in told] == ["1", "2", "3", "4"]
    assert told[0][2] == {"id": job.id, "position": 1}
    assert told[2][2]["stage"] == "person"
    assert told[3][2]["state"] == "succeeded"


def test_who_comes_late_is_told_all_of_it(
    http: FlaskClient, worker: Worker, client: JobClient, job: Job
) -> None:
    client.wait(job.id, 20)
    assert names(read(http, job)) == ["queued", "running", "stage", "done"]


def test_who_comes_back_is_told_the_rest(
    http: FlaskClient, worker: Worker, client: JobClient, job: Job
) -> None:
    client.wait(job.id, 20)
    assert names(read(http, job, last="2")) == ["stage", "done"]


@pytest.mark.parametrize("last", ["x", "-1", "99999", "٣", ""])
def test_a_last_event_that_is_nonsense_counts_as_none(
    http: FlaskClient, worker: Worker, client: JobClient, job: Job, last: str
) -> None:
    client.wait(job.id, 20)
    path = f"/api/v1/jobs/{job.id}/events"
    answer = http.get(path, environ_overrides={"HTTP_LAST_EVENT_ID": last})
    assert len(parse(answer.get_data(as_text=True))) == 4


def test_who_knows_the_end_is_told_not_to_come_back(
    http: FlaskClient, worker: Worker, client: JobClient, job: Job
) -> None:
    client.wait(job.id, 20)
    answer = http.get(f"/api/v1/jobs/{job.id}/events", headers={"Last-Event-ID": "4"})
    assert answer.status_code == 204


def test_a_cancelled_job_ends_without_running(
    http: FlaskClient, client: JobClient, job: Job
) -> None:
    client.cancel(job.id)
    told = read(http, job)
    assert names(told) == ["queued", "done"]
    assert told[-1][2]["state"] == "cancelled"


def told(*course: Job | None, seen: int = 0) -> list[Event]:
    return parse("".join(write_stream(iter(course), seen)))


def test_moving_up_in_the_queue_is_told_under_the_same_number(job: Job) -> None:
    stream = told(job, replace(job, position=5), replace(job, position=5), replace(job, position=2))
    assert [(number, data["position"]) for number, _, data in stream] == [
        ("1", 1),
        ("1", 5),
        ("1", 2),
    ]


def test_a_job_that_is_being_taken_has_no_place_to_tell(job: Job) -> None:
    assert len(told(job, replace(job, position=None))) == 1


def test_a_second_attempt_tells_no_stage_twice(job: Job) -> None:
    running = replace(job, state=JobState.RUNNING, started_ms=1.0, attempts=1)
    first = replace(running, progress=(make_stage(),))
    again = replace(running, attempts=2)
    done = replace(first, state=JobState.FAILED, finished_ms=2.0)
    stream = told(job, running, first, job, again, first, done)
    assert names(stream) == ["queued", "running", "stage", "done"]


def test_a_job_that_is_forgotten_meanwhile_ends_the_stream(job: Job) -> None:
    assert names(told(job, None)) == ["queued"]


def test_a_long_silence_is_broken_by_a_comment(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0)
    assert list(write_stream(iter([job, job, job]), 0))[1:] == [": still here\n\n"] * 2


def test_a_ledger_that_goes_away_asks_the_reader_to_come_back(job: Job) -> None:
    def course() -> Any:
        yield job
        raise LedgerUnavailable("gone")

    assert list(write_stream(course(), 0))[-1] == "retry: 2000\n\n"
