"""`/api/v1/batches`: up to a hundred pictures in one request, one resource with their progress."""

from flask import Blueprint, Response, request

from jobs.grants import Scope
from web.access import needs
from web.answers import answer_json
from web.arrivals import read_many
from web.errors import Problem
from web.intake import submit_batch
from web.owners import is_visible
from web.parameters import read_idempotency_key, read_order
from web.representations import API, batch_path, represent_batch
from web.services import services

bp = Blueprint("batches", __name__, url_prefix=API)


@bp.post("/batches")
@needs(Scope.SUBMIT)
def create_batch() -> Response:
    """Accept the pictures of a form, all that are sound or, where they do not fit, none."""
    settings = services().settings
    key = read_idempotency_key(request.headers.get("Idempotency-Key"))
    arrival = read_many(
        request,
        most_bytes=settings.max_batch_bytes,
        most_pictures=settings.max_batch_pictures,
    )
    order = read_order(arrival.fields, services().pipelines)
    submitted = submit_batch(arrival.pictures, order, idempotency_key=key)
    headers = {"Location": batch_path(submitted.id)}
    if submitted.replayed:
        headers["Idempotency-Replayed"] = "true"
    return answer_batch(submitted.id, 202, headers)


@bp.get("/batches/<batch_id>")
@needs(Scope.READ)
def show_batch(batch_id: str) -> Response:
    """Show how far a batch is, with each of its jobs."""
    return answer_batch(batch_id, 200, {})


def answer_batch(batch_id: str, status: int, headers: dict[str, str]) -> Response:
    """Look the batch and its jobs up and write them."""
    client = services().client
    batch = client.get_batch(batch_id)
    if batch is None or not is_visible(batch):
        raise Problem("batch_unknown")
    jobs = client.get_many([item for item in batch.items if isinstance(item, str)])
    known = {job.id: job for job in jobs if job is not None}
    return answer_json(represent_batch(batch, known), status, headers)
