"""`/api/v1/pipelines`: what can be asked."""

from flask import Blueprint, Response

from jobs.grants import Scope
from web.access import needs
from web.answers import answer_json
from web.representations import API, represent_pipelines
from web.services import services

bp = Blueprint("pipelines", __name__, url_prefix=API)


@bp.get("/pipelines")
@needs(Scope.READ)
def list_pipelines() -> Response:
    """List the pipelines with their stages and outcome texts."""
    return answer_json(represent_pipelines(list(services().pipelines.values())))
