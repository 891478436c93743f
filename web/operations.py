"""What the calls of the OpenAPI document are put together from: parameters, answers, refusals."""

from typing import Any

from web.problems import PROBLEMS
from web.schemas import ASKED, Schema, ref

ANYWHERE = ("host_unknown", "internal", "request_malformed", "too_many_connections")
KNOWN_CALLERS = ("key_missing", "key_unknown", "scope_missing")


def describe_operation(
    name: str,
    summary: str,
    description: str,
    *,
    answers: dict[str, Any],
    problems: tuple[str, ...] = (),
    is_open: bool = False,
    **more: Any,
) -> Schema:
    """Describe one call; unless it `is_open`, with the refusals of who may not make it."""
    if is_open:
        more["security"] = []
    else:
        problems = (*problems, *KNOWN_CALLERS, "rate_exceeded", "ledger_unavailable")
    return {
        "operationId": name,
        "summary": summary,
        "description": description,
        **more,
        "responses": {**answers, **describe_problems(*problems, *ANYWHERE)},
    }


def describe_problems(*codes: str) -> dict[str, Any]:
    """Describe refusals, grouped by their status."""
    by_status: dict[str, list[str]] = {}
    for code in sorted(set(codes)):
        by_status.setdefault(str(PROBLEMS[code].status), []).append(code)
    return {
        status: {
            "description": ", ".join(f"`{code}`" for code in found),
            "content": {"application/problem+json": {"schema": ref("Problem")}},
            **({"headers": dict([_HEADERS[status]])} if status in _HEADERS else {}),
        }
        for status, found in sorted(by_status.items())
    }


def describe_header(description: str) -> Schema:
    """Describe a header of an answer."""
    return {"description": description, "schema": {"type": "string"}}


_HEADERS = {
    "401": ("WWW-Authenticate", describe_header("`Bearer`, and what was wrong with the key.")),
    "429": ("Retry-After", describe_header("Seconds.")),
    "503": ("Retry-After", describe_header("Seconds.")),
}


def describe_json(name: str, description: str, **headers: str) -> Schema:
    """Describe an answer by the name of its schema; names of headers are given with _ for -."""
    answer: Schema = {
        "description": description,
        "content": {"application/json": {"schema": ref(name)}},
    }
    if headers:
        answer["headers"] = {
            key.replace("_", "-"): describe_header(value) for key, value in headers.items()
        }
    return answer


def path_parameter(name: str) -> Schema:
    """Describe a part of the path."""
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def query_parameter(name: str, schema: Schema, description: str) -> Schema:
    """Describe a parameter of the query."""
    return {"name": name, "in": "query", "schema": schema, "description": description}


def header_parameter(name: str, description: str) -> Schema:
    """Describe a header that a caller may send."""
    return {"name": name, "in": "header", "schema": {"type": "string"}, "description": description}


def asked_parameters() -> list[Schema]:
    """Describe what may be asked with a picture, as parameters of the query."""
    return [query_parameter(name, schema, schema["description"]) for name, schema in ASKED.items()]
