"""`/api/v1/jobs`, on a real ledger."""

import io
import re
import threading
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs.client import JobClient
from jobs.messages import Failure
from tests.jobs.factories import take
from tests.web.calls import JOBS, problem, send, stored
from tests.web.conftest import Worker

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

# How a picture comes in


def test_a_raw_body_is_accepted_as_it_is(
    http: FlaskClient, client: JobClient, photo: bytes, rings: list[str]
) -> None:
    answer = send(http, photo)
    assert answer.status_code == 202
    assert answer.headers["Location"] == answer.get_json()["links"]["self"]
    assert answer.get_json()["state"] == "queued"
    assert answer.get_json()["position"] == 1
    assert stored(client) == [photo]


@pytest.mark.parametrize(
    "content_type",
    [
        "image/png",
        "application/octet-stream",
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
    ],
)
def test_the_type_is_decided_by_content(
    http: FlaskClient, client: JobClient, photo: bytes, content_type: str
) -> None:
    assert http.post(JOBS, data=photo, content_type=content_type).status_code == 202
    assert stored(client) == [photo]


@pytest.mark.parametrize("name", ["a.jpg", "../../x", "x\0.jpg", "\u202egpj.exe", "n" * 300, ""])
def test_a_form_is_accepted_whatever_the_file_is_called(
    http: FlaskClient, client: JobClient, photo: bytes, name: str
) -> None:
    form = {"pipeline": "zomato-rider", "image": (io.BytesIO(photo), name)}
    answer = http.post(JOBS, data=form)
    assert answer.status_code == 202, answer.get_json()
    assert stored(client) == [photo]
    assert "gpj" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "encode",
    [
        lambda data: b64encode(data).decode(),
        lambda data: urlsafe_b64encode(data).decode(),
        lambda data: "data:image/jpeg;base64," + b64encode(data).decode(),
        lambda data: "data:image/png;charset=x;base64," + b64encode(data).decode(),
        lambda data: re.sub("(.{76})", "\\1\n", b64encode(data).decode()),
    ],
)
def test_json_is_accepted(http: FlaskClient, client: JobClient, photo: bytes, encode: Any) -> None:
    answer = http.post(JOBS, json={"pipeline": "zomato-rider", "image": encode(photo)})
    assert answer.status_code == 202
    assert stored(client) == [photo]


def test_fields_of_form_json_and_query_reach_the_job(http: FlaskClient, photo: bytes) -> None:
    form = {"camera": "gate", "image": (io.BytesIO(photo), "a")}
    assert http.post(JOBS, data=form).get_json()["camera"] == "gate"
    body = {"camera": "lobby", "max_wait": 5, "image": b64encode(photo).decode()}
    assert http.post(JOBS + "?camera=x", json=body).get_json()["camera"] == "lobby"
    assert http.post(JOBS + "?camera=yard", data=photo).get_json()["camera"] == "yard"


# Waiting for the outcome


def test_who_waits_gets_the_outcome(http: FlaskClient, worker: Worker, photo: bytes) -> None:
    answer = send(http, photo, Prefer="wait=25")
    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=25"
    job = answer.get_json()
    assert job["state"] == "succeeded"
    assert job["outcome"]["text"] == "human_detected, others"
    assert TIME.fullmatch(job["submitted_at"])
    assert TIME.fullmatch(job["finished_at"])
    assert job["milliseconds"]["decoding"] == 1.9
    assert 0 <= job["milliseconds"]["waiting"] <= job["milliseconds"]["total"]


def test_the_job_has_exactly_the_keys_that_the_contract_names(
    http: FlaskClient, worker: Worker, photo: bytes
) -> None:
    job = send(http, photo, Prefer="wait=25").get_json()
    assert set(job) == {
        *("id", "pipeline", "state", "submitted_at", "finished_at", "attempts", "position"),
        *("camera", "batch", "outcome", "error", "milliseconds", "links"),
    }
    assert set(job["outcome"]) == {"text", "label", "unsure", "stages"}
    assert set(job["outcome"]["stages"][0]) >= {
        *("stage", "model", "version", "label", "score", "threshold", "passed", "scores"),
        "milliseconds",
    }
    assert job["links"] == {
        "self": f"{JOBS}/{job['id']}",
        "page": f"/jobs/{job['id']}",
        "events": f"{JOBS}/{job['id']}/events",
        "cancel": None,
    }


def test_who_waits_in_vain_gets_the_place_to_ask_later(http: FlaskClient, photo: bytes) -> None:
    answer = send(http, photo, Prefer="wait=1")
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "wait=1"
    assert answer.headers["Location"]


@pytest.mark.parametrize(
    "code",
    ["image_truncated", "image_damaged", "image_too_large", "image_unsupported", "image_new"],
)
def test_a_picture_that_the_worker_cannot_read_is_422_for_who_waits(
    http: FlaskClient, worker: Worker, photo: bytes, code: str
) -> None:
    worker.answer = Failure(code=code, message="It is cut off after 12 rows.")
    answer = send(http, photo, Prefer="wait=25")
    found = problem(answer, 422, code if code != "image_new" else "image_damaged")
    assert found["detail"] == "It is cut off after 12 rows."
    shown = http.get(found["links"]["self"])
    assert shown.status_code == 200
    assert shown.get_json()["state"] == "failed"
    assert shown.get_json()["error"] == {"code": code, "message": "It is cut off after 12 rows."}
    assert shown.get_json()["outcome"] is None


def test_a_job_that_failed_for_another_reason_is_a_job(
    http: FlaskClient, worker: Worker, photo: bytes
) -> None:
    worker.answer = Failure(code="picture_too_slow", message="It took too long.")
    answer = send(http, photo, Prefer="wait=25")
    assert answer.status_code == 200
    assert answer.get_json()["state"] == "failed"


# Sent twice


def test_a_repeated_request_is_the_same_job(
    http: FlaskClient, client: JobClient, photo: bytes
) -> None:
    first = send(http, photo, Idempotency_Key="k1")
    again = http.post(
        JOBS, data={"image": (io.BytesIO(photo), "again")}, headers={"Idempotency-Key": "k1"}
    )
    assert again.get_json()["id"] == first.get_json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(stored(client)) == 1


def test_twenty_at_once_with_one_key_are_one_job(app: Flask, worker: Worker, photo: bytes) -> None:
    answers: list[TestResponse] = []

    def submit() -> None:
        answers.append(send(app.test_client(), photo, Idempotency_Key="k", Prefer="wait=20"))

    threads = [threading.Thread(target=submit) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.get_json()["id"] for answer in answers}) == 1
    assert len(worker.done) == 1


@pytest.mark.parametrize("query", ["", "?camera=gate"])
def test_a_key_that_belongs_to_another_request_is_refused(
    http: FlaskClient, photo: bytes, other_photo: bytes, query: str
) -> None:
    first = send(http, photo, Idempotency_Key="k1").get_json()["id"]
    body = photo if query else other_photo
    answer = http.post(JOBS + query, data=body, headers={"Idempotency-Key": "k1"})
    found = problem(answer, 422, "idempotency_key_reused")
    assert found["job_id"] == first


# Looking up, waiting, cancelling, listing


@pytest.mark.parametrize("path", [JOBS + "/" + "A" * 22, JOBS + "/x%00", JOBS + "/é" * 9])
@pytest.mark.parametrize("tail", ["", "?wait=1", "/events"])
def test_an_unknown_job_is_not_found(http: FlaskClient, path: str, tail: str) -> None:
    assert http.get(path + tail).status_code == 404
    assert http.get(path + tail).content_type == "application/problem+json"


def test_cancelling_what_is_not_there_is_not_found(http: FlaskClient) -> None:
    problem(http.delete(JOBS + "/" + "A" * 22), 404, "job_unknown")


def test_a_reader_may_wait_for_the_end(
    http: FlaskClient, client: JobClient, photo: bytes, worker: Worker
) -> None:
    path = send(http, photo).headers["Location"]
    assert http.get(path + "?wait=25").get_json()["state"] == "succeeded"


def test_a_waiting_job_can_be_cancelled_once(http: FlaskClient, photo: bytes) -> None:
    job = send(http, photo).get_json()
    assert job["links"]["cancel"] == job["links"]["self"]
    for _ in range(2):
        answer = http.delete(job["links"]["cancel"])
        assert answer.status_code == 200
        assert answer.get_json()["state"] == "cancelled"


def test_a_running_job_is_shown_as_running(
    http: FlaskClient, client: JobClient, photo: bytes
) -> None:
    path = send(http, photo).headers["Location"]
    take(client.ledger)
    job = http.get(path).get_json()
    assert (job["state"], job["attempts"], job["position"]) == ("running", 1, None)


def test_an_older_frame_of_a_camera_is_superseded(http: FlaskClient, photo: bytes) -> None:
    first = http.post(JOBS + "?camera=gate", data=photo).headers["Location"]
    http.post(JOBS + "?camera=gate", data=photo)
    assert http.get(first).get_json()["state"] == "superseded"


def test_the_list_is_newest_first_and_paged(http: FlaskClient, photo: bytes) -> None:
    ids = [send(http, photo).get_json()["id"] for _ in range(5)]
    found, page = [], JOBS + "?limit=2"
    while page:
        body = http.get(page).get_json()
        found += [job["id"] for job in body["jobs"]]
        page = body["links"]["next"]
    assert found == ids[::-1]


def test_each_browser_lists_its_own(app: Flask, photo: bytes) -> None:
    from web.owners import ensure_browser

    app.get("/mint")(lambda: ensure_browser())
    mine, other = app.test_client(), app.test_client()
    mine.get("/mint")
    other.get("/mint")
    job = send(mine, photo).get_json()["id"]
    assert [one["id"] for one in mine.get(JOBS).get_json()["jobs"]] == [job]
    assert other.get(JOBS).get_json()["jobs"] == []


# When it does not fit


def test_a_full_queue_refuses_with_the_time_to_come_again(
    http: FlaskClient, client: JobClient, photo: bytes
) -> None:
    client.ledger.settings = type(client.ledger.settings)(
        redis_url=client.ledger.settings.redis_url, max_waiting=0
    )
    answer = send(http, photo)
    found = problem(answer, 503, "queue_full")
    assert int(answer.headers["Retry-After"]) == found["retry_after_seconds"] > 0
    assert found["reason"] == "depth"
    assert stored(client) == []


def test_too_many_waiting_readers_are_sent_away(
    http: FlaskClient, client: JobClient, photo: bytes
) -> None:
    path = send(http, photo).headers["Location"]
    client.changes._max_waiters = 0
    for answer in (
        http.get(path + "?wait=5"),
        http.get(path + "/events"),
        send(http, photo, Prefer="wait=5"),
    ):
        problem(answer, 429, "too_many_waiters")
        assert answer.headers["Retry-After"]
    assert http.get(path).status_code == 200
