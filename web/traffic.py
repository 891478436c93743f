"""Counts this process's requests: by route, method and status; how long; what was refused and why.

Costs some microseconds a request: the counts are sent to the ledger once a second by the sweeper.
"""

import time

from flask import Flask, Response, g, request

from jobs.counters import REFUSED, name_counter
from web.services import services

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
# What nobody serves has one name, so that guessed paths make no new counters.
NO_ROUTE = "none"


def register(app: Flask) -> None:
    """Count every request of this application once it is answered."""
    app.after_request(count_request)


def count_request(response: Response) -> Response:
    """Count the request; an event stream is counted as it begins."""
    counters = services().client.counters
    method = request.method if request.method in METHODS else "OTHER"
    route = request.url_rule.rule if request.url_rule else NO_ROUTE
    counters.add(name_counter("requests", method, str(response.status_code), route))
    if "started" in g:
        milliseconds = (time.perf_counter() - g.started) * 1000
        waits = "yes" if was_to_wait(response) else "no"
        counters.observe(name_counter("request", method, waits, route), milliseconds)
    code = g.get("noted", {}).get("code")
    if code:
        count_refusal(code)
    return response


def count_refusal(code: str) -> None:
    """Count a request, or a picture of a batch, that was refused."""
    services().client.counters.add(name_counter(REFUSED, code))


def was_to_wait(response: Response) -> bool:
    """Tell whether the caller asked to wait, so that its time says little about ours."""
    environ = request.environ
    return (
        "wait" in environ.get("HTTP_PREFER", "")
        or "wait=" in environ.get("QUERY_STRING", "")
        or response.mimetype == "text/event-stream"
    )
