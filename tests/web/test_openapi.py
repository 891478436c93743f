"""The OpenAPI document is true: of the routes, of the error table, and of real answers."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from jobs.client import JobClient
from jobs.messages import Failure
from jobs.messages import Worker as Child
from tests.jobs.factories import take
from tests.web.conftest import Worker
from web.openapi import describe_api
from web.problems import PROBLEMS
from web.views.reference import METHODS

API = describe_api()


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from walk(inner)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in API["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def test_it_describes_exactly_the_routes_for_programs(app: Flask) -> None:
    routes = {
        (method.lower(), re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/api/", "/healthz", "/readyz"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {(method, path) for method, path, _ in operations()}


def test_every_reference_leads_somewhere() -> None:
    for node in walk(API):
        if "$ref" in node:
            name = node["$ref"].removeprefix("#/components/schemas/")
            assert name in API["components"]["schemas"]


def test_every_schema_is_a_schema() -> None:
    for schema in API["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_operation_has_a_name_of_its_own_and_describes_its_answers() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    for _, path, operation in operations():
        assert all(answer["description"] for answer in operation["responses"].values())
        named = {one["name"] for one in API["paths"][path].get("parameters", ())}
        assert named == set(re.findall(r"{(\w+)}", path))


def test_every_code_stands_in_it() -> None:
    text = json.dumps(API["paths"]) + API["info"]["description"]
    missing = [code for code in PROBLEMS if f"`{code}`" not in text]
    assert missing == []


def check(answer: TestResponse, path: str) -> Any:
    """Hold an answer to what the document says of it."""
    method = answer.request.method.lower()
    described = API["paths"][path][method]["responses"].get(str(answer.status_code))
    assert described, f"{method} {path}: {answer.status_code} is not described"
    schema = described["content"][answer.mimetype]["schema"]
    found = answer.get_json()
    validator = Draft202012Validator({**schema, "components": API["components"]})
    validator.validate(found)
    if answer.mimetype == "application/problem+json":
        assert f"`{found['code']}`" in described["description"]
    for name in described.get("headers", {}):
        assert name in answer.headers or name in ("Preference-Applied", "Idempotency-Replayed")
    return found


JOBS, JOB = "/api/v1/jobs", "/api/v1/jobs/{job_id}"
BATCHES, BATCH = "/api/v1/batches", "/api/v1/batches/{batch_id}"


def test_answers_about_jobs_are_as_described(
    http: FlaskClient, client: JobClient, photo: bytes
) -> None:
    job = check(http.post(JOBS, data=photo), JOBS)
    link = job["links"]["self"]
    check(http.get(link), JOB)
    take(client.ledger)
    check(http.get(link), JOB)
    check(http.delete(link), JOB)
    check(http.get(JOBS), JOBS)
    check(http.get(JOBS + "?limit=0"), JOBS)
    check(http.get(JOBS + "/x"), JOB)
    check(http.get(link + "?wait=x"), JOB)
    check(http.delete(JOBS + "/x"), JOB)
    check(http.get(JOBS + "/x/events"), JOB + "/events")


def test_outcomes_are_as_described(http: FlaskClient, worker: Worker, photo: bytes) -> None:
    waits = {"Prefer": "wait=20"}
    assert check(http.post(JOBS, data=photo, headers=waits), JOBS)["outcome"]
    worker.answer = Failure(code="picture_too_slow", message="It took too long.")
    assert check(http.post(JOBS, data=photo, headers=waits), JOBS)["error"]
    worker.answer = Failure(code="image_truncated", message="It is cut off.")
    assert check(http.post(JOBS, data=photo, headers=waits), JOBS)["code"] == "image_truncated"


@pytest.mark.parametrize(
    "request_",
    [
        {"data": b""},
        {"data": b"text"},
        {"data": b"{", "content_type": "application/json"},
        {"data": b"x", "content_type": "multipart/form-data"},
        {"data": b"x", "query_string": "pipeline=none"},
        {"data": b"x", "query_string": "camera=a b"},
        {"data": b"x", "headers": {"Content-Encoding": "gzip"}},
        {"data": b"x", "headers": {"Origin": "https://evil.example"}},
        {"data": b"x", "headers": {"Host": "evil.example"}},
        {"data": b"x", "headers": {"Idempotency-Key": ""}},
        {"data": b"\x89PNG\r\n\x1a\n"},
    ],
    ids=str,
)
def test_refusals_are_as_described(http: FlaskClient, request_: dict[str, Any]) -> None:
    check(http.post(JOBS, **request_), JOBS)


def test_batches_are_as_described(http: FlaskClient, photo: bytes) -> None:
    def send(*pictures: bytes) -> TestResponse:
        form = {"image": [(io.BytesIO(picture), "a") for picture in pictures]}
        return http.post(BATCHES, data=form)

    batch = check(send(photo, b"text"), BATCHES)
    check(http.get(batch["links"]["self"]), BATCH)
    check(send(b"text"), BATCHES)
    check(http.post(BATCHES, data=photo), BATCHES)
    check(http.get(BATCHES + "/x"), BATCH)


def test_the_rest_is_as_described(http: FlaskClient, client: JobClient) -> None:
    client.ledger.sweep(Child(name="a", models={"person": "1"}))
    for path in ("/api/v1/pipelines", "/healthz", "/readyz"):
        check(http.get(path), path)
    assert check(http.get("/api/v1/openapi.json"), "/api/v1/openapi.json") == API


def test_errors_of_the_router_are_problems(http: FlaskClient) -> None:
    validator = Draft202012Validator(
        {**API["components"]["schemas"]["Problem"], "components": API["components"]}
    )
    for answer, code in (
        (http.get("/api/v1/none"), "not_found"),
        (http.put(JOBS), "method_not_allowed"),
        (http.post("/healthz"), "method_not_allowed"),
    ):
        validator.validate(answer.get_json())
        assert answer.get_json()["code"] == code
    assert "POST" in http.put(JOBS).headers["Allow"]


def test_the_page_lists_every_call_and_every_code_and_runs_nothing(http: FlaskClient) -> None:
    page = http.get("/api").get_data(as_text=True)
    for _, _, operation in operations():
        assert f'id="{operation["operationId"]}"' in page
    for code in PROBLEMS:
        assert f'id="{code}"' in page
    assert "<script" not in page
    assert "style=" not in page
    assert "http://localhost/api/v1/jobs?pipeline=zomato-rider" in page
