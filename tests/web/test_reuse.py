"""An answer given again: to whom, for how long, by which models."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs.client import JobClient
from jobs.messages import Failure
from jobs.versions import Versions
from models.catalogue import load_pipelines
from tests.jobs.factories import make_outcome, make_stage
from tests.web.conftest import Make, Worker
from web.reuse import MOST_PICTURES, AnsweredPictures

JOBS = "/api/v1/jobs"
REUSE = "wait=10, reuse=60"
SHIPPED = load_pipelines()["zomato-rider"].stages[0].version


def send(http: FlaskClient, photo: bytes, prefer: str = REUSE, **more: str) -> TestResponse:
    address = more.pop("address", "127.0.0.1")
    headers = {"Prefer": prefer, **{name.replace("_", "-"): text for name, text in more.items()}}
    return http.post(
        JOBS,
        data=photo,
        content_type="image/jpeg",
        headers=headers,
        environ_base={"REMOTE_ADDR": address},
    )


@pytest.fixture(autouse=True)
def shipped_versions(worker: Worker) -> None:
    """The stand-in answers as the person model that the pipeline names would."""
    worker.answer = replace(make_outcome(), stages=(make_stage(version=SHIPPED),))


def test_the_same_picture_is_answered_with_the_job_that_answered_it(
    http: FlaskClient, worker: Worker, photo: bytes
) -> None:
    first, again = send(http, photo), send(http, photo)
    assert again.status_code == 200
    assert again.get_json() == first.get_json()
    assert again.headers["Preference-Applied"] == "reuse=60"
    assert again.headers["Location"] == first.headers["Location"]
    assert worker.done == [first.get_json()["id"]]


def test_a_caller_who_does_not_wait_gets_it_too(http: FlaskClient, photo: bytes) -> None:
    send(http, photo)
    again = send(http, photo, "reuse=60")
    assert (again.status_code, again.get_json()["state"]) == (200, "succeeded")


@pytest.mark.parametrize(
    ("first", "second"),
    [(REUSE, "wait=10"), ("wait=10", REUSE), (REUSE, "wait=10, reuse=0")],
    ids=["not allowed now", "not allowed then", "no age will do"],
)
def test_both_calls_must_allow_it(
    http: FlaskClient, worker: Worker, photo: bytes, first: str, second: str
) -> None:
    send(http, photo, first)
    assert send(http, photo, second).headers["Preference-Applied"] == "wait=10"
    assert len(worker.done) == 2


def test_another_picture_runs(
    http: FlaskClient, worker: Worker, photo: bytes, other_photo: bytes
) -> None:
    send(http, photo)
    send(http, other_photo)
    send(http, photo + b"\n")
    assert len(worker.done) == 3


def test_nobody_gets_the_answer_of_another_owner(
    make_app: Make, worker: Worker, photo: bytes
) -> None:
    http = make_app(access="open").test_client(use_cookies=False)
    one, other = (send(http, photo, address=address) for address in ("192.0.2.1", "192.0.2.2"))
    assert one.get_json()["id"] != other.get_json()["id"]
    assert other.headers["Preference-Applied"] == "wait=10"
    assert len(worker.done) == 2


def test_a_new_version_of_a_model_makes_it_run_again(
    http: FlaskClient, client: JobClient, worker: Worker, photo: bytes
) -> None:
    first = send(http, photo).get_json()
    Versions(client.ledger.client).choose("person", "next")
    worker.answer = replace(make_outcome(), stages=(make_stage(version="next"),))
    second = send(http, photo).get_json()
    assert second["id"] != first["id"]
    assert send(http, photo).get_json() == second


def test_a_version_that_is_taken_back_does_not_answer_any_more(
    http: FlaskClient, client: JobClient, worker: Worker, photo: bytes
) -> None:
    versions = Versions(client.ledger.client)
    versions.choose("person", "next")
    worker.answer = replace(make_outcome(), stages=(make_stage(version="next"),))
    send(http, photo)
    versions.take_back("person")
    send(http, photo)
    assert len(worker.done) == 2


@pytest.mark.parametrize("more", [{"Idempotency_Key": "k"}, {"query": "camera=gate"}])
def test_a_key_or_a_camera_makes_a_job_of_its_own(
    http: FlaskClient, worker: Worker, photo: bytes, more: dict[str, str]
) -> None:
    send(http, photo)
    path = f"{JOBS}?{more.pop('query', '')}"
    headers = {"Prefer": REUSE, **{name.replace("_", "-"): text for name, text in more.items()}}
    answer = http.post(path, data=photo, content_type="image/jpeg", headers=headers)
    assert answer.headers["Preference-Applied"] == "wait=10"
    assert len(worker.done) == 2


def test_a_job_that_failed_answers_nobody(http: FlaskClient, worker: Worker, photo: bytes) -> None:
    worker.answer = Failure(code="internal_error", message="It broke.")
    send(http, photo)
    send(http, photo)
    assert len(worker.done) == 2


def test_a_job_whose_result_was_forgotten_answers_nobody(
    http: FlaskClient, client: JobClient, worker: Worker, photo: bytes
) -> None:
    job = send(http, photo).get_json()
    client.ledger.client.delete(f"spotter:job:{job['id']}")
    assert send(http, photo).status_code == 200
    assert len(worker.done) == 2


def test_an_answer_that_is_too_old_is_not_given() -> None:
    now = [0.0]
    answered = AnsweredPictures(clock=lambda: now[0])
    name = answered.name_picture("local", "zomato-rider", b"bytes")
    answered.remember(name, "job")
    now[0] = 60.0
    assert answered.recall(name, 60) == "job"
    assert answered.recall(name, 59) is None
    now[0] = 3601.0
    assert answered.recall(name, 9999) is None


def test_it_holds_a_bounded_number_and_no_bytes(app: Flask) -> None:
    answered = AnsweredPictures()
    for place in range(MOST_PICTURES + 5):
        answered.remember(place.to_bytes(4, "big"), "job")
    assert len(answered) == MOST_PICTURES
    assert answered.recall((4).to_bytes(4, "big"), 60) is None
    assert answered.recall((5).to_bytes(4, "big"), 60) == "job"


def test_names_tell_nothing_outside_their_process() -> None:
    one, other = AnsweredPictures(), AnsweredPictures()
    name = one.name_picture("local", "zomato-rider", b"bytes")
    assert name == one.name_picture("local", "zomato-rider", b"bytes")
    assert name != other.name_picture("local", "zomato-rider", b"bytes")
    assert name != one.name_picture("locals", "zomato-rider", b"bytes")
    assert name != one.name_picture("local", "zomato-ride", b"rbytes")
