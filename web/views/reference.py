"""`/api/v1/openapi.json` for programs, and the same to read at `/api`, without any script."""

import json
from functools import cache
from typing import Any

from flask import Blueprint, Response, render_template

from web.access import open_to_all
from web.openapi import describe_api
from web.problems import PROBLEMS
from web.representations import API
from web.services import services

bp = Blueprint("reference", __name__)

METHODS = ("post", "get", "delete")


@bp.get(f"{API}/openapi.json")
@open_to_all
def show_description() -> Response:
    """Send the OpenAPI document."""
    return Response(_written(), content_type="application/json")


@cache
def _written() -> str:
    return json.dumps(describe_api(), indent=1)


@bp.get("/api")
@open_to_all
def show_reference() -> str:
    """Show the API to read: calls to copy, every operation, every error code."""
    return render_template(
        "pages/api.html",
        api=describe_api(),
        operations=list_operations(),
        problems=PROBLEMS.values(),
        pipelines=list(services().pipelines.values()),
    )


def list_operations() -> list[dict[str, Any]]:
    """Flatten the document into its operations, each with its method and path."""
    return [
        {
            "method": method.upper(),
            "path": path,
            **item[method],
            "parameters": [*item.get("parameters", ()), *item[method].get("parameters", ())],
        }
        for path, item in describe_api()["paths"].items()
        for method in METHODS
        if method in item
    ]
