"""What one picture took becomes counts, and spans under its request's where they are asked for."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from jobs.counters import Counters
from jobs.ledger import Ledger
from jobs.messages import Failure, Lease, Report
from jobs.metrics import read_metrics
from jobs.tracing import Tracer
from tests.jobs.factories import make_outcome, make_stage
from tests.worker.conftest import MakeChild
from worker.account import Account

TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
LEASE = Lease(
    job_id="job",
    token=2,
    pipeline="zomato-rider",
    image=b"picture",
    trace=f"00-{TRACE_ID}-{SPAN_ID}-01",
    waited_milliseconds=40.0,
)
ANSWER = Report(job_id="job", token=2, outcome=make_outcome(), decoding_milliseconds=2.0)


def account_for(report: Report | None) -> dict[str, ReadableSpan]:
    """The spans of a picture with one stage of 2.9 ms, by name."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    account = Account(LEASE, Counters(), Counters(), Tracer(provider))
    account.note(make_stage())
    account.close(report)
    return {span.name: span for span in exporter.get_finished_spans()}


def lasts(span: ReadableSpan) -> float:
    return (span.end_time - span.start_time) / 1e6


def test_a_job_lies_in_its_requests_trace_from_the_accept_on() -> None:
    job = account_for(ANSWER)["job zomato-rider"]
    assert f"{job.context.trace_id:032x}" == TRACE_ID
    assert f"{job.parent.span_id:016x}" == SPAN_ID
    assert lasts(job) >= 40
    assert job.attributes["spotter.attempt"] == 2
    assert job.attributes["spotter.outcome"] == "human_detected, others"


def test_the_parts_of_a_job_lie_under_it() -> None:
    spans = account_for(ANSWER)
    job = spans.pop("job zomato-rider")
    assert {name: round(lasts(span), 1) for name, span in spans.items()} == {
        "waiting": 40.0,
        "decoding": 2.0,
        "stage person": 2.9,
    }
    assert {span.parent.span_id for span in spans.values()} == {job.context.span_id}
    assert spans["stage person"].attributes["spotter.version"] == "1"


@pytest.mark.parametrize(
    ("report", "error"),
    [
        (ANSWER, None),
        (None, "no report"),
        (
            Report(job_id="job", token=2, failure=Failure(code="image_damaged", message="x")),
            "image_damaged",
        ),
    ],
)
def test_what_went_wrong_stands_on_the_span(report: Report | None, error: str | None) -> None:
    assert account_for(report)["job zomato-rider"].status.description == error


def test_a_child_counts_the_parts_of_its_pictures(
    make_child: MakeChild, ledger: Ledger, lease: Lease
) -> None:
    child = make_child()
    child.start()
    report = child.work(lease, "drainer")
    child.close()
    found = read_metrics(ledger).histograms
    assert found["decoding", "zomato-rider"].sum_seconds == report.decoding_milliseconds / 1000
    stages = {name: histogram.counts[-1] for name, histogram in found.items() if name[0] == "stage"}
    assert stages == {("stage", "zomato-rider", stage.stage): 1 for stage in report.outcome.stages}
