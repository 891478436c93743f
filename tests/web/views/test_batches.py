"""`/api/v1/batches`, on a real ledger."""

from collections.abc import Sequence

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs.client import JobClient
from tests.web.conftest import Make, Worker
from tests.web.forms import FORM_TYPE, make_form
from tests.web.hostile import jpeg

BATCHES = "/api/v1/batches"


def send(http: FlaskClient, pictures: Sequence[bytes], **fields: str) -> TestResponse:
    key = fields.pop("key", None)
    return http.post(
        BATCHES,
        data=make_form(pictures, **fields),
        content_type=FORM_TYPE,
        headers={"Idempotency-Key": key} if key else {},
    )


@pytest.fixture(scope="module")
def small() -> bytes:
    return jpeg(64, 48)


def test_a_hundred_pictures_are_one_resource_with_progress(
    http: FlaskClient, worker: Worker, small: bytes
) -> None:
    answer = send(http, [small] * 100, pipeline="zomato-rider")
    assert answer.status_code == 202
    location = answer.headers["Location"]
    assert location == answer.get_json()["links"]["self"]
    for item in answer.get_json()["items"]:
        http.get(f"/api/v1/jobs/{item['id']}?wait=20")
    batch = http.get(location).get_json()
    assert batch["finished"] is True
    assert batch["progress"] == {"total": 100, "done": 100}
    assert batch["counts"]["succeeded"] == 100
    assert [item["index"] for item in batch["items"]] == list(range(100))
    assert {item["job"]["batch"] for item in batch["items"]} == {batch["id"]}


def test_its_jobs_wait_behind_a_single_picture(
    http: FlaskClient, client: JobClient, small: bytes
) -> None:
    send(http, [small] * 10)
    job = http.post("/api/v1/jobs", data=small).get_json()
    assert job["position"] == 1
    assert client.census().waiting_bulk == 10


def test_a_bad_picture_is_refused_by_itself(http: FlaskClient, small: bytes) -> None:
    batch = send(http, [small, b"no picture", b"", small]).get_json()
    errors = [item["error"] and item["error"]["code"] for item in batch["items"]]
    assert errors == [None, "image_unsupported", "body_empty", None]
    assert [item["job"] is None for item in batch["items"]] == [False, True, True, False]
    assert batch["counts"]["refused"] == 2
    assert batch["counts"]["queued"] == 2
    assert batch["progress"] == {"total": 4, "done": 2}
    assert batch["finished"] is False


def test_without_one_sound_picture_there_is_no_batch(http: FlaskClient) -> None:
    answer = send(http, [b"no", b""])
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "batch_unusable"
    assert [item["code"] for item in answer.get_json()["items"]] == [
        "image_unsupported",
        "body_empty",
    ]


def test_a_picture_over_the_limit_is_refused_by_itself(make_app: Make, small: bytes) -> None:
    http = make_app(max_image_bytes=len(small)).test_client()
    batch = send(http, [small, small + b"\0"]).get_json()
    assert batch["items"][1]["error"]["code"] == "body_too_large"


@pytest.mark.parametrize("count", [101, 117, 300])
def test_more_than_a_hundred_are_refused(http: FlaskClient, small: bytes, count: int) -> None:
    answer = send(http, [small] * count)
    assert answer.status_code == 413
    assert answer.get_json()["code"] == "batch_too_large"


def test_more_bytes_than_a_request_may_have_are_refused(make_app: Make, small: bytes) -> None:
    http = make_app(max_batch_bytes=5000).test_client()
    answer = send(http, [small] * 50)
    assert answer.status_code == 413
    assert answer.get_json()["code"] == "body_too_large"


def test_what_does_not_fit_is_refused_whole(
    http: FlaskClient, client: JobClient, small: bytes
) -> None:
    client.ledger.settings = type(client.ledger.settings)(
        redis_url=client.ledger.settings.redis_url, max_waiting=9
    )
    answer = send(http, [small] * 10)
    assert answer.status_code == 503
    assert answer.get_json()["code"] == "queue_full"
    assert client.census().waiting_bulk == 0


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/json", ""])
def test_only_a_form_is_a_batch(http: FlaskClient, small: bytes, content_type: str) -> None:
    answer = http.post(BATCHES, data=small, content_type=content_type)
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "form_unreadable"


def test_a_form_without_pictures_is_refused(http: FlaskClient) -> None:
    answer = send(http, [], pipeline="zomato-rider")
    assert answer.get_json()["code"] == "image_missing"


def test_a_batch_has_no_camera(http: FlaskClient, small: bytes) -> None:
    answer = send(http, [small], camera="gate")
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "parameter_unusable"


def test_a_repeated_batch_is_the_same(http: FlaskClient, small: bytes) -> None:
    first = send(http, [small] * 2, key="k")
    again = send(http, [small] * 2, key="k")
    assert again.get_json()["id"] == first.get_json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert [item["id"] for item in again.get_json()["items"]] == [
        item["id"] for item in first.get_json()["items"]
    ]
    assert send(http, [small] * 3, key="k").status_code == 422


def test_the_key_of_a_batch_is_no_key_of_a_job(http: FlaskClient, small: bytes) -> None:
    assert send(http, [small], key="k").status_code == 202
    answer = http.post("/api/v1/jobs", data=small, headers={"Idempotency-Key": "k"})
    assert answer.get_json()["code"] == "idempotency_key_reused"


def test_an_unknown_batch_is_not_found(http: FlaskClient) -> None:
    answer = http.get(f"{BATCHES}/{'A' * 22}")
    assert answer.status_code == 404
    assert answer.get_json()["code"] == "batch_unknown"
