"""Traces are made where the standard variables ask for them, and refused where they cannot be."""

import subprocess
import sys

import pytest

from jobs.errors import SettingError
from jobs.tracing import is_wanted
from tests.conftest import ROOT

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "true"}, False),
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
    ],
)
def test_the_standard_variables_decide(environ: dict[str, str], wanted: bool) -> None:
    assert is_wanted(environ) is wanted


@pytest.mark.parametrize(
    ("name", "value"),
    [("OTEL_TRACES_EXPORTER", "zipkin"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
)
def test_what_is_not_built_in_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"{name} must be .* not '{value}'"):
        is_wanted(ENDPOINT | {name: value})


def test_without_the_libraries_it_is_said_before_anything_starts() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        f"from jobs.tracing import is_wanted; is_wanted({ENDPOINT!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "SettingError: the OTEL_ variables ask for traces" in done.stderr
