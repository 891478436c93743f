"""Which trace a request belongs to, and its span where traces are asked for (jobs/tracing.py)."""

from flask import Flask, Response, g, request

from jobs.traces import find_trace
from jobs.tracing import Kind, Tracer
from web.access_log import QUIET_PATHS

_FIELDS = {"job_id": "spotter.job_id", "batch_id": "spotter.batch_id", "code": "spotter.code"}


def register(app: Flask, tracer: Tracer | None) -> None:
    """Note the trace of every request; with a tracer, make each request a span of it."""
    app.before_request(note_trace)
    if tracer is not None:
        app.before_request(lambda: begin_span(tracer))
        app.after_request(end_span)


def note_trace() -> None:
    """Keep the trace that the request's headers name, for logs and for the job that it makes."""
    headers = request.headers
    g.trace = find_trace(headers.get("traceparent", ""), headers.get("X-Cloud-Trace-Context", ""))


def begin_span(tracer: Tracer) -> None:
    """Begin the request's span, which is the parent of what its job brings about."""
    if not request.path.startswith(QUIET_PATHS):
        g.span = tracer.begin(request.method, parent=g.trace, kind=Kind.SERVER)
        g.trace = g.span.trace


def end_span(response: Response) -> Response:
    """End the span as the answer begins; its names follow OpenTelemetry's conventions for HTTP."""
    if "span" in g:
        route = request.url_rule.rule if request.url_rule else ""
        noted = g.get("noted", {})
        attributes = {
            "http.request.method": request.method,
            "http.route": route,
            "http.response.status_code": response.status_code,
            "spotter.request_id": g.get("request_id", ""),
            **{_FIELDS[name]: str(noted[name]) for name in _FIELDS if name in noted},
        }
        g.span.end(
            name=f"{request.method} {route}".strip(),
            attributes=attributes,
            error=str(noted.get("code", "")) if response.status_code >= 500 else None,
        )
    return response
