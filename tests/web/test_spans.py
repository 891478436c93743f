"""A request is a span of its caller's trace, and its job carries the span on."""

import pytest
from flask.testing import FlaskClient
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from jobs.client import JobClient
from jobs.tracing import Tracer
from tests.jobs.factories import take
from web.app import create_app
from web.settings import WebSettings

JOBS = "/api/v1/jobs"
TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACE = f"00-{TRACE_ID}-{SPAN_ID}-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traced(settings: WebSettings, client: JobClient, exporter: InMemorySpanExporter) -> FlaskClient:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return create_app(settings, client, tracer=Tracer(provider)).test_client()


def only_span(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exporter.get_finished_spans()
    return span


def test_a_request_is_a_span_of_its_callers_trace(
    traced: FlaskClient, exporter: InMemorySpanExporter, photo: bytes
) -> None:
    answer = traced.post(JOBS, data=photo, headers={"traceparent": TRACE})
    span = only_span(exporter)
    assert (span.name, span.kind.name) == (f"POST {JOBS}", "SERVER")
    assert f"{span.context.trace_id:032x}" == TRACE_ID
    assert f"{span.parent.span_id:016x}" == SPAN_ID
    assert span.attributes["http.response.status_code"] == 202
    assert span.attributes["spotter.job_id"] == answer.get_json()["id"]
    assert span.attributes["spotter.request_id"] == answer.headers["X-Request-Id"]


def test_a_job_carries_the_span_of_its_request(
    traced: FlaskClient, exporter: InMemorySpanExporter, client: JobClient, photo: bytes
) -> None:
    traced.post(JOBS, data=photo)
    span = only_span(exporter).context
    carried = f"00-{span.trace_id:032x}-{span.span_id:016x}-"
    assert take(client.ledger).trace.startswith(carried)


def test_without_a_tracer_a_job_carries_its_callers_trace(
    http: FlaskClient, client: JobClient, photo: bytes
) -> None:
    http.post(JOBS, data=photo, headers={"X-Cloud-Trace-Context": f"{TRACE_ID}/5;o=1"})
    assert take(client.ledger).trace == f"00-{TRACE_ID}-{5:016x}-01"


def test_an_answer_of_the_servers_fault_is_an_error_and_a_refusal_is_none(
    traced: FlaskClient, exporter: InMemorySpanExporter, client: JobClient
) -> None:
    traced.get(f"{JOBS}/{'a' * 22}")
    client.ledger.get = lambda job_id: 1 / 0  # type: ignore[method-assign]
    traced.get(f"{JOBS}/{'a' * 22}")
    refused, broken = exporter.get_finished_spans()
    assert (refused.status.is_ok, refused.attributes["spotter.code"]) == (True, "job_unknown")
    assert (broken.status.is_ok, broken.status.description) == (False, "internal")


def test_probes_make_no_spans(traced: FlaskClient, exporter: InMemorySpanExporter) -> None:
    traced.get("/healthz")
    assert exporter.get_finished_spans() == ()
