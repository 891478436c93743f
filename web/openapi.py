"""The API described as OpenAPI 3.1: written here by hand, held to the code by tests.

Tests compare it with the application's routes and with its real answers, and see that every code
of `web.errors` stands somewhere in it.
"""

from functools import cache
from typing import Any

from web.operations import (
    asked_parameters,
    describe_json,
    describe_operation,
    header_parameter,
    path_parameter,
    query_parameter,
)
from web.owners import COOKIE
from web.representations import API
from web.schemas import SCHEMAS, Schema, ref

# The empty one: on loopback and with SPOTTER_ACCESS=open nothing is needed.
KEY_OR_BROWSER: list[dict[str, list[str]]] = [
    {"key": []},
    {"keyHeader": []},
    {"browser": []},
    {},
]
BODY = (
    "request_too_slow",
    *("body_empty", "body_incomplete", "form_unreadable", "image_missing", "parameter_unusable"),
    *("cross_site", "length_required", "body_too_large", "encoding_unsupported"),
    *("pipeline_unknown", "idempotency_key_reused", "queue_full"),
)
PICTURE = (
    *("image_repeated", "json_unreadable", "base64_unreadable", "image_unsupported"),
    *("image_too_large", "image_damaged", "image_truncated", "image_too_complex"),
)


@cache
def describe_api() -> dict[str, Any]:
    """Return the whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Spotter",
            "version": "1",
            "summary": "A picture goes in, what it shows comes out.",
            "description": "Send a picture to `POST /api/v1/jobs`. With `Prefer: wait=25` the "
            "answer usually holds the outcome; without, ask again at `Location`. An address that "
            "does not exist is 404 `not_found`, another method 405 `method_not_allowed`.",
        },
        "servers": [{"url": "/"}],
        "paths": _list_paths(),
        "components": {"schemas": SCHEMAS, "securitySchemes": _describe_access()},
        "security": KEY_OR_BROWSER,
    }


def _list_paths() -> dict[str, Any]:
    return {
        f"{API}/jobs": {"post": _create_job(), "get": _list_jobs()},
        f"{API}/jobs/{{job_id}}": {
            "parameters": [path_parameter("job_id")],
            "get": _show_job(),
            "delete": _cancel_job(),
        },
        f"{API}/jobs/{{job_id}}/retry": {
            "parameters": [path_parameter("job_id")],
            "post": _retry_job(),
        },
        f"{API}/jobs/{{job_id}}/events": {
            "parameters": [path_parameter("job_id")],
            "get": _stream_events(),
        },
        f"{API}/batches": {"post": _create_batch()},
        f"{API}/batches/{{batch_id}}": {
            "parameters": [path_parameter("batch_id")],
            "get": _show_batch(),
        },
        f"{API}/pipelines": {"get": _list_pipelines()},
        f"{API}/openapi.json": {"get": _show_description()},
        "/healthz": {"get": _show_life()},
        "/readyz": {"get": _show_readiness()},
    }


def _describe_access() -> dict[str, Any]:
    return {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of this Spotter, `spotter_...`. Keys have scopes: `submit` sends "
            "and cancels, `read` looks at the own jobs, `watch` reads `/metrics`, `admin` may do "
            "and see all.",
        },
        "keyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "browser": {
            "type": "apiKey",
            "in": "cookie",
            "name": COOKIE,
            "description": "A browser that a sign-in link made known.",
        },
    }


IDEMPOTENCY = header_parameter(
    "Idempotency-Key",
    "1 to 255 printable characters of your choice. The same key with the same picture gives the "
    "same job again (`Idempotency-Replayed: true`), so a call whose answer was lost can be "
    "repeated; with another picture it is refused.",
)
WAIT = query_parameter(
    "wait", {"type": "number", "minimum": 0}, "Seconds to wait for the end, at most 30."
)
CREATED = {
    "Location": "The job's address.",
    "Preference_Applied": "The wait that was granted, or `reuse` where an earlier job is shown.",
    "Idempotency_Replayed": "`true` where the job is of an earlier request.",
}


def _create_job() -> Schema:
    binary = {"schema": {"type": "string", "format": "binary"}}
    kinds = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp")
    return describe_operation(
        "createJob",
        "Send a picture",
        "The bytes as they are (cheapest), a form, or JSON. The type is decided by content. "
        "A caller that waits gets 200 with the end of the job when it comes in time, 422 when the "
        "picture turned out to be unreadable, else 202.",
        parameters=[
            *asked_parameters(),
            IDEMPOTENCY,
            header_parameter(
                "Prefer",
                "`wait=N`: wait up to N seconds (at most 30) for the outcome. `reuse=N`: where you "
                "sent the very same picture in the last N seconds (at most 3600) and it was "
                "answered by the models of now, that job will do.",
            ),
        ],
        requestBody={
            "required": True,
            "content": {
                **dict.fromkeys((*kinds, "application/octet-stream"), binary),
                "multipart/form-data": {"schema": ref("JobForm")},
                "application/json": {"schema": ref("JobJson")},
            },
        },
        answers={
            "200": describe_json("Job", "The job has ended.", **CREATED),
            "202": describe_json("Job", "The job is accepted and not ended yet.", **CREATED),
        },
        problems=(*BODY, *PICTURE, "too_many_waiters"),
    )


def _list_jobs() -> Schema:
    return describe_operation(
        "listJobs",
        "List your jobs",
        "Newest first: those of the key or, without one, of the browser's cookie or the "
        "caller's address.",
        parameters=[
            query_parameter(
                "limit", {"type": "integer", "minimum": 1, "maximum": 100}, "20 unless told."
            ),
            query_parameter("cursor", {"type": "string"}, "From `links.next`."),
        ],
        answers={"200": describe_json("Jobs", "A page of the list.")},
        problems=("parameter_unusable",),
    )


def _show_job() -> Schema:
    return describe_operation(
        "showJob",
        "Look a job up",
        "200 for any job that is known, failed ones too.",
        parameters=[WAIT],
        answers={"200": describe_json("Job", "The job as it stands.")},
        problems=("job_unknown", "parameter_unusable", "too_many_waiters"),
    )


def _cancel_job() -> Schema:
    return describe_operation(
        "cancelJob",
        "Cancel a job",
        "A job that has ended stays as it is; either way the job is shown.",
        answers={"200": describe_json("Job", "The job as it is now.")},
        problems=("job_unknown", "cross_site"),
    )


def _retry_job() -> Schema:
    return describe_operation(
        "retryJob",
        "Try a failed job again",
        "Makes a new job of the same picture; the failed one stays as it is. Only where the fault "
        "was Spotter's own (`worker_lost`, `internal_error`), and while the picture is kept: 15 "
        "minutes unless set otherwise. Asked twice, it is the same new job.",
        answers={"202": describe_json("Job", "The new job.", Location=CREATED["Location"])},
        problems=("job_unknown", "job_not_failed", "picture_gone", "cross_site", "queue_full"),
    )


def _stream_events() -> Schema:
    return describe_operation(
        "streamEvents",
        "Follow a job",
        "Server-sent events in this order: `queued` (id, position; again when the position "
        "changes), `running`, `stage` for each stage, `done` with the job. A comment every 15 s "
        "keeps the connection. The stream ends after `done`.",
        parameters=[header_parameter("Last-Event-ID", "Go on behind this event.")],
        answers={
            "200": {
                "description": "The stream.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            "204": {"description": "The job has ended and you know its end: do not come back."},
        },
        problems=("job_unknown", "too_many_waiters"),
    )


def _create_batch() -> Schema:
    return describe_operation(
        "createBatch",
        "Send many pictures",
        "1 to 100 parts `image`, 32 MiB in all. There is room for all or none is accepted; a bad "
        "picture is refused by itself, in its item. Their jobs wait behind single pictures.",
        parameters=[asked_parameters()[0], IDEMPOTENCY],
        requestBody={
            "required": True,
            "content": {"multipart/form-data": {"schema": ref("BatchForm")}},
        },
        answers={
            "202": describe_json(
                "Batch",
                "The batch is accepted.",
                Location="The batch's address.",
                Idempotency_Replayed=CREATED["Idempotency_Replayed"],
            )
        },
        problems=(*BODY, "batch_too_large", "batch_unusable"),
    )


def _show_batch() -> Schema:
    return describe_operation(
        "showBatch",
        "Look a batch up",
        "Its progress, and each of its jobs.",
        answers={"200": describe_json("Batch", "The batch as it stands.")},
        problems=("batch_unknown",),
    )


def _list_pipelines() -> Schema:
    return describe_operation(
        "listPipelines",
        "List what can be asked",
        "Each pipeline with its stages and the texts of its outcomes.",
        answers={"200": describe_json("Pipelines", "The pipelines.")},
    )


def _show_description() -> Schema:
    return describe_operation(
        "showDescription",
        "This description",
        "OpenAPI 3.1.",
        is_open=True,
        answers={
            "200": {
                "description": "This document.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        },
    )


def _show_life() -> Schema:
    return describe_operation(
        "showLife",
        "Does the process live?",
        "Answers whatever the state of the queue.",
        is_open=True,
        answers={"200": describe_json("Life", "It does.")},
    )


def _show_readiness() -> Schema:
    return describe_operation(
        "showReadiness",
        "Can a job be accepted?",
        "200 also without workers: then jobs wait, and `workers` is 0.",
        is_open=True,
        answers={"200": describe_json("Readiness", "A job can be accepted.")},
        problems=("ledger_unavailable",),
    )
