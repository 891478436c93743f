"""Turns whatever stops a request into an answer: problem details, or a page for people."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from jobs.errors import (
    IdempotencyConflict,
    LedgerUnavailable,
    PictureGone,
    QueueFull,
    TooManyWaiters,
)
from web.access_log import name_request, note
from web.errors import Problem

logger = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"
FOR_PROGRAMS = ("/api/", "/healthz", "/readyz", "/metrics", "/status.json")
RETRY_SECONDS = 2

FULL_TEXTS = {
    "depth": "More pictures are waiting than the queue takes.",
    "share": "Too many of your own pictures are waiting or running.",
    "bytes": "The waiting pictures fill the space that they may take.",
    "memory": "The queue's server is nearly out of memory.",
    "late": "So many wait for their answers that yours would come late.",
}


def register(app: Flask) -> None:
    """Make the application answer every error in the project's own form."""
    app.register_error_handler(Exception, answer_error)


def answer_error(error: Exception) -> Response:
    """Answer with the problem that this error stands for; an unknown one is logged and is a 500."""
    return answer_problem(translate(error))


def answer_json(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Write a value as compact JSON."""
    body = json.dumps(value, separators=(",", ":"))
    response = Response(body, status, content_type="application/json")
    response.headers.update(headers or {})
    return response


def answer_problem(problem: Problem) -> Response:
    """Write a problem as JSON where programs ask, as a page elsewhere."""
    note(code=problem.code)
    if request.path.startswith(FOR_PROGRAMS):
        body = json.dumps(describe(problem))
        response = Response(body, problem.status, content_type=PROBLEM_TYPE)
    else:
        page = render_template(
            "pages/sign_in.html" if problem.code == "key_missing" else "pages/error.html",
            status=problem.status,
            title=problem.kind.title,
            detail=problem.detail,
            code=problem.code,
        )
        response = Response(page, problem.status, content_type="text/html; charset=utf-8")
    response.headers.extend(problem.headers)
    return response


def describe(problem: Problem) -> dict[str, Any]:
    """Return the members of the problem details, with the request that they belong to."""
    return {**problem.describe(), "request_id": g.get("request_id", "")}


def translate(error: Exception) -> Problem:
    """Find the problem for an error of Flask, of the ledger, or of nobody's making."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return _translate_http(error)
    if isinstance(error, QueueFull):
        wait = error.retry_after_seconds
        return Problem(
            "queue_full",
            f"{FULL_TEXTS.get(error.reason, 'The queue is full.')} Nothing was accepted: "
            f"try again in {wait} s.",
            headers={"Retry-After": str(wait)},
            extra={"reason": error.reason, "retry_after_seconds": wait},
        )
    if isinstance(error, PictureGone):
        return Problem("picture_gone")
    if isinstance(error, IdempotencyConflict):
        return Problem("idempotency_key_reused", extra={"job_id": error.job_id})
    if isinstance(error, LedgerUnavailable):
        logger.warning("ledger_unavailable", extra=name_request())
        return Problem("ledger_unavailable", headers={"Retry-After": str(RETRY_SECONDS)})
    if isinstance(error, TooManyWaiters):
        return Problem("too_many_waiters", headers={"Retry-After": str(RETRY_SECONDS)})
    logger.error("unexpected_error", exc_info=error, extra=name_request())
    return Problem("internal")


def _translate_http(error: HTTPException) -> Problem:
    """Find our code for an error that Flask or Werkzeug raised."""
    known = {404: "not_found", 405: "method_not_allowed", 411: "length_required"}
    code = known.get(error.code or 500)
    if code == "method_not_allowed":
        allowed = {k: v for k, v in error.get_headers() if k == "Allow"}
        return Problem(code, headers=allowed)
    if code is None:
        code = "body_too_large" if error.code == 413 else "parameter_unusable"
    return Problem(code)
