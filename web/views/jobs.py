"""`/api/v1/jobs`: one picture in, one job out; look it up, wait for it, list them, cancel it."""

from urllib.parse import urlencode

from flask import Blueprint, Response, g, request

from jobs.grants import Scope
from jobs.messages import Job, JobState
from web.access import needs
from web.access_log import note
from web.answers import answer_json
from web.arrivals import read_one
from web.errors import Problem
from web.intake import submit_or_reuse, submit_picture
from web.owners import current_caller, current_owner, is_visible
from web.parameters import (
    read_idempotency_key,
    read_order,
    read_page,
    read_preference,
    read_wait,
)
from web.problems import PROBLEMS
from web.representations import API, job_path, page_path, represent_job
from web.reuse import LONGEST_SECONDS
from web.services import services

bp = Blueprint("jobs", __name__, url_prefix=API)


@bp.post("/jobs")
@needs(Scope.SUBMIT)
def create_job() -> Response:
    """Accept a picture; answer with the outcome where the caller waits and it is ready in time."""
    settings = services().settings
    key = read_idempotency_key(request.headers.get("Idempotency-Key"))
    prefer = request.headers.get("Prefer", "")
    wait = read_preference(prefer, most_seconds=settings.max_wait_seconds)
    reuse = read_preference(prefer, most_seconds=LONGEST_SECONDS, name="reuse")
    arrival = read_one(request, most_bytes=settings.max_image_bytes)
    order = read_order(arrival.fields, services().pipelines)
    is_reused = False
    # Who names a camera or a key wants a job of this very request.
    if reuse and key is None and order.camera is None:
        submitted, is_reused = submit_or_reuse(
            arrival.pictures[0], order, reuse_seconds=reuse, wait_seconds=wait or 0
        )
    else:
        submitted = submit_picture(
            arrival.pictures[0], order, idempotency_key=key, wait_seconds=wait or 0
        )
    job = submitted.job or services().client.get(submitted.id)
    if job is None:
        raise Problem("job_unknown")  # its result was forgotten between the two calls
    headers = {"Location": job_path(job.id)}
    if is_reused:
        headers["Preference-Applied"] = f"reuse={reuse}"
    elif wait is not None:
        headers["Preference-Applied"] = f"wait={wait}"
    if submitted.replayed:
        headers["Idempotency-Replayed"] = "true"
    return answer_created(job, headers, waited=bool(wait) or is_reused)


def answer_created(job: Job, headers: dict[str, str], *, waited: bool) -> Response:
    """Answer 200 or 422 to a caller who waited for the end and got it, else 202."""
    if not (waited and job.state.is_final):
        return answer_json(represent_job(job), 202, headers)
    if job.state is JobState.FAILED and job.failure and job.failure.code.startswith("image_"):
        raise refuse_picture(job, headers)
    return answer_json(represent_job(job), 200, headers)


def refuse_picture(job: Job, headers: dict[str, str]) -> Problem:
    """Say what the worker found wrong with the picture; for this caller the job is the request."""
    code, text = (job.failure.code, job.failure.message) if job.failure else ("", "")
    return Problem(
        code if code in PROBLEMS else "image_damaged",
        text,
        status=422,
        headers=headers,
        extra={
            "job_id": job.id,
            "links": {"self": job_path(job.id), "page": page_path(job.id)},
        },
    )


@bp.get("/jobs/<job_id>")
@needs(Scope.READ)
def show_job(job_id: str) -> Response:
    """Show a job, and wait for its end with `?wait=N`."""
    seconds = read_wait(request.args, most_seconds=services().settings.max_wait_seconds)
    client = services().client
    # Nobody waits for a job of another: the time would tell that there is one.
    if seconds and current_caller().is_confined and not is_visible(client.get(job_id)):
        raise Problem("job_unknown")
    job = client.wait(job_id, seconds)
    if job is None or not is_visible(job):
        raise Problem("job_unknown")
    return answer_json(represent_job(job))


@bp.delete("/jobs/<job_id>")
@needs(Scope.SUBMIT)
def cancel_job(job_id: str) -> Response:
    """Cancel a job that has no end yet; one that has stays as it is and is shown."""
    client = services().client
    if not is_visible(client.get(job_id)):
        raise Problem("job_unknown")
    job = client.cancel(job_id)
    if job is None:
        raise Problem("job_unknown")
    return answer_json(represent_job(job))


@bp.post("/jobs/<job_id>/retry")
@needs(Scope.SUBMIT)
def retry_job(job_id: str) -> Response:
    """Try a failed job again, as a new job, where its picture is still there."""
    job = retry_visible(job_id)
    return answer_json(represent_job(job), 202, {"Location": job_path(job.id)})


def retry_visible(job_id: str) -> Job:
    """Return the new job of a failed one that this caller may see."""
    client = services().client
    failed = client.get(job_id)
    if failed is None or not is_visible(failed):
        raise Problem("job_unknown")
    if failed.state is not JobState.FAILED:
        raise Problem("job_not_failed")
    taken = client.retry(failed, request_id=g.request_id)
    note(job_id=taken.id, retry_of=job_id)
    job = taken.job or client.get(taken.id)
    if job is None:
        raise Problem("job_unknown")
    return job


@bp.get("/jobs")
@needs(Scope.READ)
def list_jobs() -> Response:
    """List this caller's jobs, newest first."""
    limit, before_ms = read_page(request.args)
    found = services().client.recent(current_owner(), limit=limit, before_ms=before_ms)
    next_page = None
    if len(found) == limit:
        query = urlencode({"limit": limit, "cursor": repr(float(found[-1].submitted_ms))})
        next_page = f"{API}/jobs?{query}"
    return answer_json(
        {"jobs": [represent_job(job) for job in found], "links": {"next": next_page}}
    )
