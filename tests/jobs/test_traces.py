"""The trace of a request: read from what came, refused where it is none, told to Google's logs."""

import json

import pytest

from jobs.traces import find_trace
from tests.jobs.test_logs import format_record

TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACE = f"00-{TRACE_ID}-{SPAN_ID}-01"


@pytest.mark.parametrize(
    ("traceparent", "cloud", "found"),
    [
        (TRACE, "", TRACE),
        (f"00-{TRACE_ID}-{SPAN_ID}-00", "", f"00-{TRACE_ID}-{SPAN_ID}-00"),
        (f"01-{TRACE_ID}-{SPAN_ID}-01-later", "", TRACE),
        ("", f"{TRACE_ID.upper()}/{int(SPAN_ID, 16)};o=1", TRACE),
        ("", f"{TRACE_ID}/1;o=0", f"00-{TRACE_ID}-0000000000000001-00"),
        ("", TRACE_ID, f"00-{TRACE_ID}-0000000000000001-00"),
        (TRACE, f"{'1' * 32}/1;o=1", TRACE),
        ("", "", ""),
        ("00-" + "0" * 32 + f"-{SPAN_ID}-01", "", ""),
        (f"00-{TRACE_ID}-" + "0" * 16 + "-01", "", ""),
        (f"ff-{TRACE_ID}-{SPAN_ID}-01", "", ""),
        (f"00-{TRACE_ID.upper()}-{SPAN_ID}-01", "", ""),
        (f"{TRACE}-more", "", ""),
        ("", f"{TRACE_ID}/{2**64};o=1", ""),
        ("", "x" * 32, ""),
        ('00-"}\n', "", ""),
    ],
)
def test_the_trace_of_a_request(traceparent: str, cloud: str, found: str) -> None:
    assert find_trace(traceparent, cloud) == found


def test_a_line_tells_its_trace_as_google_cloud_reads_it() -> None:
    line = json.loads(format_record(20, "request", project="my-project", trace=TRACE))
    assert line["logging.googleapis.com/trace"] == f"projects/my-project/traces/{TRACE_ID}"
    assert line["logging.googleapis.com/spanId"] == SPAN_ID
    assert line["logging.googleapis.com/trace_sampled"] is True
    assert "trace" not in line


def test_without_a_project_the_id_alone_is_told() -> None:
    line = json.loads(format_record(20, "request", trace=TRACE))
    assert line["logging.googleapis.com/trace"] == TRACE_ID
