"""One log line a request: what was asked, what it made, how it ended, how long it took.

No query, no cookie, no name that a user gave. Views add what they made with `note`.
"""

import logging
import time

from flask import Flask, Response, g, request

logger = logging.getLogger(__name__)

# Probes and files of our own would drown the rest.
QUIET_PATHS = ("/healthz", "/readyz", "/static/")
LONGEST_PATH = 120


def register(app: Flask) -> None:
    """Log every request of this application once it is answered."""
    app.before_request(start_clock)
    app.after_request(log_request)


def start_clock() -> None:
    """Note when the request began."""
    g.started = time.perf_counter()


def note(**fields: object) -> None:
    """Add fields to this request's line."""
    g.noted = {**g.get("noted", {}), **fields}


def name_request() -> dict[str, str]:
    """Return the fields by which a log line is found again: the request's id, and its trace."""
    trace = g.get("trace", "")
    return {"request_id": g.get("request_id", ""), **({"trace": trace} if trace else {})}


def log_request(response: Response) -> Response:
    """Write the line; an event stream is logged as it begins."""
    if response.status_code < 400 and request.path.startswith(QUIET_PATHS):
        return response
    logger.info(
        "request",
        extra={
            **name_request(),
            "method": request.method,
            "path": request.path[:LONGEST_PATH],
            "status": response.status_code,
            "milliseconds": round((time.perf_counter() - g.started) * 1000, 1),
            **g.get("noted", {}),
        },
    )
    return response
