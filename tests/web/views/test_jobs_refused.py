"""What `/api/v1/jobs` does not take."""

import io
import json
from base64 import b64encode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from jobs.client import JobClient
from tests.web.calls import JOBS, problem, send, stored
from tests.web.conftest import Make
from tests.web.hostile import jpeg


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"", "image/jpeg", 400, "body_empty"),
        (b"hello" * 99, "image/jpeg", 415, "image_unsupported"),
        (b"{}", "application/json", 400, "image_missing"),
        (b"[]", "application/json", 400, "json_unreadable"),
        (b"{", "application/json", 400, "json_unreadable"),
        (b"[" * 100_000, "application/json", 400, "json_unreadable"),
        (b"\xff\xfe", "application/json", 400, "json_unreadable"),
        (b'{"image": 5}', "application/json", 400, "image_missing"),
        (b'{"image": "abc"}', "application/json", 400, "base64_unreadable"),
        (b'{"image": "a===="}', "application/json", 400, "base64_unreadable"),
        (b'{"image": "%%%%"}', "application/json", 400, "base64_unreadable"),
        ('{"image": "é"}'.encode(), "application/json", 400, "base64_unreadable"),
        (b'{"image": "data:image/png,abc"}', "application/json", 400, "base64_unreadable"),
        (b'{"image": ""}', "application/json", 400, "body_empty"),
        (b'{"image": "aGVsbG8="}', "application/json", 415, "image_unsupported"),
        (b"x", "multipart/form-data", 400, "form_unreadable"),
        (b"x", "multipart/form-data; boundary=y", 400, "form_unreadable"),
        (b"--y--\r\n", "multipart/form-data; boundary=y", 400, "image_missing"),
    ],
)
def test_a_body_that_cannot_be_read_is_named(
    http: FlaskClient, body: bytes, content_type: str, status: int, code: str
) -> None:
    problem(http.post(JOBS, data=body, content_type=content_type), status, code)


def test_two_pictures_are_not_one_job(http: FlaskClient, photo: bytes) -> None:
    form = {"image": [(io.BytesIO(photo), "a"), (io.BytesIO(photo), "b")]}
    problem(http.post(JOBS, data=form), 400, "image_repeated")


def test_an_empty_file_field_is_an_empty_picture(http: FlaskClient) -> None:
    # As browsers write it; Werkzeug's test client leaves a line break out.
    head = b'Content-Disposition: form-data; name="image"; filename=""\r\n'
    body = b"--b\r\n" + head + b"\r\n\r\n--b--\r\n"
    problem(
        http.post(JOBS, data=body, content_type="multipart/form-data; boundary=b"),
        400,
        "body_empty",
    )


def test_a_form_of_a_thousand_parts_is_refused(http: FlaskClient) -> None:
    form = {f"field{n}": "x" for n in range(1000)}
    answer = http.post(JOBS, data=form, content_type="multipart/form-data")
    problem(answer, 400, "form_unreadable")


@pytest.mark.parametrize("value", [b"\xff\xfe", b"x" * 2000])
def test_a_field_that_is_no_short_text_is_refused(
    http: FlaskClient, photo: bytes, value: bytes
) -> None:
    form = {"camera": (io.BytesIO(value), "c"), "image": (io.BytesIO(photo), "a")}
    problem(http.post(JOBS, data=form), 400, "parameter_unusable")


def test_a_compressed_body_is_refused(http: FlaskClient, photo: bytes) -> None:
    problem(send(http, photo, Content_Encoding="gzip"), 415, "encoding_unsupported")


def test_a_body_over_the_limit_is_refused_unread(make_app: Make) -> None:
    http = make_app(max_image_bytes=10_000).test_client()
    picture = jpeg(64, 48) + bytes(9_999)
    found = problem(send(http, picture), 413, "body_too_large")
    assert str(len(picture)) in found["detail"]
    form = {"image": (io.BytesIO(picture), "a")}
    problem(http.post(JOBS, data=form), 413, "body_too_large")
    body = {"image": b64encode(picture).decode()}
    problem(http.post(JOBS, json=body), 413, "body_too_large")


def test_a_body_that_is_shorter_than_announced_is_refused(
    app: Flask, client: JobClient, photo: bytes
) -> None:
    environ = {"CONTENT_LENGTH": str(len(photo) + 1), "wsgi.input": io.BytesIO(photo)}
    answer = app.test_client().post(JOBS, environ_overrides=environ)
    problem(answer, 400, "body_incomplete")
    assert stored(client) == []


def test_a_request_without_a_body_is_empty(http: FlaskClient) -> None:
    problem(http.post(JOBS), 400, "body_empty")


@pytest.mark.parametrize("length", ["-1", "x", "1_0", "٣"])
def test_a_body_whose_length_is_no_number_is_refused(app: Flask, photo: bytes, length: str) -> None:
    environ = {"CONTENT_LENGTH": length, "wsgi.input": io.BytesIO(photo)}
    answer = app.test_client().post(JOBS, environ_overrides=environ)
    problem(answer, 411, "length_required")


def test_a_chunked_body_is_refused(app: Flask, photo: bytes) -> None:
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": io.BytesIO(photo)}
    answer = app.test_client().post(JOBS, environ_overrides=environ)
    problem(answer, 411, "length_required")


@pytest.mark.parametrize("query", ["pipeline=none", "pipeline=ゾマト", "pipeline=%00"])
def test_an_unknown_pipeline_names_those_there_are(
    http: FlaskClient, photo: bytes, query: str
) -> None:
    found = problem(http.post(f"{JOBS}?{query}", data=photo), 422, "pipeline_unknown")
    assert found["pipelines"] == ["zomato-rider"]


@pytest.mark.parametrize("query", ["camera=a b", "max_wait=NaN", "max_wait=-1"])
def test_a_parameter_that_cannot_be_used_is_named(
    http: FlaskClient, photo: bytes, query: str
) -> None:
    found = problem(http.post(f"{JOBS}?{query}", data=photo), 400, "parameter_unusable")
    assert query.split("=")[0] in found["detail"]


def test_json_numbers_are_no_way_round_the_limits(http: FlaskClient, photo: bytes) -> None:
    body = json.dumps({"image": b64encode(photo).decode(), "max_wait": float("nan")})
    answer = http.post(JOBS, data=body, content_type="application/json")
    problem(answer, 400, "parameter_unusable")
