"""Whatever fits the OpenAPI document, or just does not, is answered as the document says.

Schemathesis makes the requests. `EXAMPLES` makes it thorough: `make fuzz` sets it.
"""

import os
from typing import Any

import hypothesis
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis import checks as made

from tests.web.conftest import Worker
from web.openapi import describe_api

EXAMPLES = int(os.environ.get("EXAMPLES", "6"))
OPERATIONS = [
    (method, path)
    for path, item in describe_api()["paths"].items()
    for method in item
    if method in ("get", "post", "delete")
]
CHECKS = [
    made.not_a_server_error,
    made.status_code_conformance,
    made.content_type_conformance,
    made.response_schema_conformance,
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_one_that_the_document_names(
    app: Flask, worker: Worker, method: str, path: str
) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    operation: Any = schema[path][method.upper()]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        hypothesis.event(case.path)
        case.call_and_validate(checks=CHECKS)

    ask()
