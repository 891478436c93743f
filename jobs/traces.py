"""The trace that a request belongs to: read from its headers, carried in the job, told in logs.

Works without any tracing library: whoever set the header (a load balancer, another service) finds
the log lines of web and worker by it.
"""

import re
from dataclasses import dataclass
from typing import Any, Self

# https://www.w3.org/TR/trace-context/#traceparent-header, version 00; later ones may be longer.
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
# Google Cloud's own: TRACE_ID/SPAN_ID;o=OPTIONS, the span's id in decimal.
_CLOUD = re.compile(r"([0-9a-fA-F]{32})(?:/(\d{1,20}))?(?:;o=(\d))?")
_SAMPLED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A place in a trace: ids in lower-case hexadecimal, and whether somebody records it."""

    trace_id: str
    span_id: str
    is_sampled: bool

    @classmethod
    def read(cls, traceparent: str) -> Self | None:
        """Read a `traceparent`; None for one that is none."""
        found = _TRACEPARENT.fullmatch(traceparent)
        if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
            return None
        return cls._make(found[2], found[3], bool(int(found[4], 16) & _SAMPLED))

    @classmethod
    def read_cloud(cls, header: str) -> Self | None:
        """Read an `X-Cloud-Trace-Context`; None for one that is none."""
        found = _CLOUD.fullmatch(header)
        if found is None or int(found[2] or 1) >= 2**64:
            return None
        return cls._make(found[1].lower(), f"{int(found[2] or 1):016x}", found[3] == "1")

    @classmethod
    def _make(cls, trace_id: str, span_id: str, is_sampled: bool) -> Self | None:
        if not (int(trace_id, 16) and int(span_id, 16)):
            return None  # both standards forbid zeros
        return cls(trace_id=trace_id, span_id=span_id, is_sampled=is_sampled)

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{int(self.is_sampled):02x}"


def find_trace(traceparent: str, cloud_context: str) -> str:
    """Return the trace that a request's headers name as a `traceparent`; empty where none does."""
    found = Trace.read(traceparent.strip()) or Trace.read_cloud(cloud_context.strip())
    return str(found or "")


def name_for_cloud(traceparent: str, project: str) -> dict[str, Any]:
    """Return the fields by which Google Cloud Logging puts a line beside its trace."""
    trace = Trace.read(traceparent)
    if trace is None:
        return {}
    return {
        "logging.googleapis.com/trace": f"projects/{project}/traces/{trace.trace_id}"
        if project
        else trace.trace_id,
        "logging.googleapis.com/spanId": trace.span_id,
        "logging.googleapis.com/trace_sampled": trace.is_sampled,
    }
