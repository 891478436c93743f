"""A whole Spotter under observation: two web processes, a worker, a collector of traces."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.browser.stack import Web
from tests.conftest import ROOT, serve_queue
from tests.faults.fleet import Fleet, wait_until

ASTRONAUT = (ROOT / "web/static/img/astronaut.jpg").read_bytes()
TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PICTURES = 6


@dataclass
class Collector:
    """Takes traces by OTLP over HTTP, as a real collector does."""

    spans: list[tuple[str, Span]] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            names = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [(names["service.name"], span) for span in scope.spans]

    def find(self, trace_id: str) -> dict[str, tuple[str, Span]]:
        """The spans of one trace by name, each with its service."""
        wanted = bytes.fromhex(trace_id)
        return {one.name: (name, one) for name, one in self.spans if one.trace_id == wanted}


@dataclass
class Observed:
    web: Web
    worker: Fleet
    collector: Collector
    job: dict[str, Any]  # the one that was sent within a trace

    def web_lines(self) -> list[dict[str, Any]]:
        lines = (self.web.folder / "web.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.fixture(scope="module")
def collector() -> Iterator[tuple[Collector, str]]:
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def observed(
    tmp_path_factory: pytest.TempPathFactory, collector: tuple[Collector, str]
) -> Iterator[Observed]:
    folder: Path = tmp_path_factory.mktemp("observed")
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector[1], "OTEL_BSP_SCHEDULE_DELAY": "200"}
    for queue in serve_queue(folder / "queue", append_fsync="no"):
        web = Web(
            url=queue.url,
            folder=folder / "web",
            environment={"SPOTTER_WEB_PROCESSES": "2", "GOOGLE_CLOUD_PROJECT": "gate", **traced},
        )
        worker = Fleet(
            url=queue.url,
            log=folder / "worker.log",
            module="worker.app",
            children=1,
            environment={"GOOGLE_CLOUD_PROJECT": "gate", **traced},
        )
        try:
            worker.start()
            web.start()
            job = web.submit(ASTRONAUT, traceparent=f"00-{TRACE_ID}-{SPAN_ID}-01")
            for _ in range(PICTURES - 1):
                web.submit(ASTRONAUT)
            yield Observed(web=web, worker=worker, collector=collector[0], job=job)
        finally:
            web.stop()
            worker.kill()


def test_a_picture_is_one_trace_from_its_request_to_its_stages(observed: Observed) -> None:
    parts = {"waiting", "decoding", "stage person", "stage zomato_rider"}
    names = {"POST /api/v1/jobs", "job zomato-rider", *parts}
    spans = wait_until(
        lambda: (found := observed.collector.find(TRACE_ID)).keys() >= names and found, "the trace"
    )
    service, request = spans["POST /api/v1/jobs"]
    assert (service, request.parent_span_id.hex()) == ("spotter-web", SPAN_ID)
    service, job = spans["job zomato-rider"]
    assert (service, job.parent_span_id) == ("spotter-worker", request.span_id)
    assert {spans[name][1].parent_span_id for name in parts} == {job.span_id}
    assert spans["stage person"][1].start_time_unix_nano >= job.start_time_unix_nano


def test_both_sides_log_the_job_in_its_trace(observed: Observed) -> None:
    job_id = observed.job["id"]
    (ended,) = wait_until(
        lambda: [
            one for one in observed.worker.find_events("job_succeeded") if one["job_id"] == job_id
        ],
        "the worker's line",
    )
    (asked,) = (one for one in observed.web_lines() if one.get("job_id") == job_id)
    assert ended["request_id"] == asked["request_id"]
    for line in (ended, asked):
        assert line["severity"] == "INFO"
        assert line["logging.googleapis.com/trace"] == f"projects/gate/traces/{TRACE_ID}"


def read_counts(web: Web) -> dict[str, float]:
    """The samples of one scrape, summed over their labels."""
    status, text = web.request("GET", "/metrics")
    assert status == 200
    counts: dict[str, float] = {}
    for family in parse(text):
        for sample in family.samples:
            counts[sample.name] = counts.get(sample.name, 0) + sample.value
    return counts


def test_any_process_tells_the_counts_of_all(observed: Observed) -> None:
    wanted = {
        "spotter_jobs_accepted_total": PICTURES,
        "spotter_jobs_ended_total": PICTURES,
        "spotter_outcomes_total": PICTURES,
        "spotter_waiting_seconds_count": PICTURES,
        "spotter_service_seconds_count": PICTURES,
        "spotter_decoding_seconds_count": PICTURES,
        "spotter_stage_seconds_count": 2 * PICTURES,
        "spotter_workers": 1,
    }

    def told() -> bool:
        counts = read_counts(observed.web)
        return all(counts.get(name) == number for name, number in wanted.items())

    for _ in range(4):  # connections of their own: either process may answer
        wait_until(told, f"{wanted}, not {read_counts(observed.web)}", 15)


def test_requests_are_counted_once(observed: Observed) -> None:
    def posts() -> float:
        _, text = observed.web.request("GET", "/metrics")
        samples = [sample for family in parse(text) for sample in family.samples]
        return sum(
            sample.value
            for sample in samples
            if sample.name == "spotter_requests_total" and sample.labels["method"] == "POST"
        )

    wait_until(lambda: posts() == PICTURES, "every request", 15)
