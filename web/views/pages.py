"""The pages for people: send a photo, see its result, the webcam, what was recent, what this is.

Each works without JavaScript as far as a browser can; scripts only add to what comes from here.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from flask import (
    Blueprint,
    Response,
    current_app,
    redirect,
    render_template,
    request,
    stream_with_context,
)

from jobs.grants import Scope
from jobs.messages import Job, JobState
from models.catalogue import Pipeline
from web.access import needs, open_to_all
from web.arrivals import read_many, read_small_form
from web.errors import Problem
from web.gates import line_up_gates
from web.history import ANSWERS, list_history, write_csv
from web.intake import submit_picture
from web.looks import WORDS, can_try_again, look_at
from web.owners import current_owner, ensure_browser, is_visible
from web.parameters import read_order, read_page
from web.representations import page_path, represent_job, represent_stage
from web.services import services
from web.views.jobs import retry_visible

bp = Blueprint("pages", __name__)

PER_PAGE = 24
SAMPLE = "img/astronaut.jpg"


@bp.get("/")
@needs(Scope.READ)
def show_upload() -> str:
    """Offer to choose, take, drop or paste photos."""
    ensure_browser()
    return render_template(
        "pages/upload.html", pipeline=_first_pipeline(), words=_words(), key=secrets.token_urlsafe()
    )


@bp.post("/")
@needs(Scope.SUBMIT)
def take_form() -> Response:
    """Take the picture of the plain form, and lead to its result."""
    ensure_browser()
    settings = services().settings
    arrival = read_many(request, most_bytes=settings.max_batch_bytes, most_pictures=1)
    return _submit(arrival.pictures[0], arrival.fields)


@bp.post("/sample")
@needs(Scope.SUBMIT)
def take_sample() -> Response:
    """Ask about the sample picture, and lead to its result."""
    ensure_browser()
    return _submit(_read_sample(), read_small_form(request))


def _submit(picture: bytes, fields: Mapping[str, str]) -> Response:
    order = read_order(fields, services().pipelines)
    key = fields.get("key", "")
    # The form's key alone would refuse a second picture chosen after a step back.
    whole_key = f"form-{key[:64]}-{hashlib.sha256(picture).hexdigest()[:32]}" if key else None
    submitted = submit_picture(picture, order, idempotency_key=whole_key)
    return _see(page_path(submitted.id))


@bp.get("/jobs/<job_id>")
@needs(Scope.READ)
def show_result(job_id: str) -> str:
    """Show a job as it stands: the answer, the gates, and how it was answered."""
    job = _find(job_id)
    shown = represent_job(job)
    pipeline = services().pipelines.get(job.pipeline)
    progress = [represent_stage(stage) for stage in job.progress]
    return render_template(
        "pages/result.html",
        job=shown,
        json=json.dumps(shown, indent=2, ensure_ascii=False),
        look=look_at(shown),
        gates=line_up_gates(pipeline.stages if pipeline else (), {**shown, "progress": progress}),
        try_again=can_try_again(shown),
        is_kept=job.state is JobState.FAILED and bool(services().client.ledger.find_kept([job.id])),
        words=_words(),
    )


@bp.post("/jobs/<job_id>/cancel")
@needs(Scope.SUBMIT)
def cancel_job(job_id: str) -> Response:
    """Take a picture back that has no answer yet."""
    _find(job_id)
    services().client.cancel(job_id)
    return _see(page_path(job_id))


@bp.post("/jobs/<job_id>/retry")
@needs(Scope.SUBMIT)
def retry_job(job_id: str) -> Response:
    """Try a failed job again, and lead to the new one."""
    return _see(page_path(retry_visible(job_id).id))


@bp.get("/jobs")
@needs(Scope.READ)
def show_recent() -> str:
    """List this browser's jobs, newest first, all or those with one kind of answer."""
    ensure_browser()
    answer = _read_answer()
    _, before_ms = read_page(request.args)
    page = list_history(current_owner(), answer=answer, limit=PER_PAGE, before_ms=before_ms)
    return render_template(
        "pages/recent.html",
        rows=page.rows,
        older=page.older,
        newer=before_ms is not None,
        answer=answer,
        keep_hours=_keep_hours(),
    )


@bp.get("/jobs.csv")
@needs(Scope.READ)
def download_recent() -> Response:
    """Hand out the same list as a table."""
    table = write_csv(current_owner(), answer=_read_answer(), host=request.host_url)
    return Response(
        stream_with_context(table),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="spotter.csv"'},
    )


@bp.get("/webcam")
@needs(Scope.READ)
def show_webcam() -> str:
    """Show the page whose script takes captures in the browser."""
    ensure_browser()
    return render_template("pages/webcam.html", pipeline=_first_pipeline(), words=_words())


@bp.get("/about")
@open_to_all
def show_about() -> str:
    """Say what this is, what it cannot do, and what happens to pictures."""
    return render_template("pages/about.html", pipeline=_first_pipeline(), keep_hours=_keep_hours())


def _find(job_id: str) -> Job:
    job = services().client.get(job_id)
    if job is None or not is_visible(job):
        raise Problem(
            "job_unknown",
            f"There is no result at this address. Results are kept for {_keep_hours()} hours, "
            "then forgotten; or a part of the address is missing.",
        )
    return job


def _see(path: str) -> Response:
    """Lead the browser on with GET, so that a reload sends nothing again."""
    return current_app.make_response(redirect(path, code=303))


def _first_pipeline() -> Pipeline:
    return next(iter(services().pipelines.values()))


def _read_answer() -> str:
    answer = request.args.get("answer", "")
    if answer and answer not in ANSWERS:
        raise Problem("parameter_unusable", f"`answer` may be {', '.join(ANSWERS)}.")
    return answer


def _keep_hours() -> int:
    return max(1, services().client.ledger.settings.result_seconds // 3600)


def _words() -> str:
    return json.dumps(dict(WORDS))


@cache
def _read_sample() -> bytes:
    return (Path(str(current_app.static_folder)) / SAMPLE).read_bytes()
