"""`/api/v1/jobs/<id>/events`: a job's course as server-sent events, in one order whatever happens.

Events are derived from the job as it stands in the ledger: queued, running, each stage, done. Each
has its number as id, so that a reader who comes back with Last-Event-ID goes on behind it.
"""

import json
import time
from collections.abc import Iterator
from itertools import chain

from flask import Blueprint, Response, request

from jobs.errors import JobsError
from jobs.grants import Scope
from jobs.messages import Job, JobState
from web.access import needs
from web.errors import Problem
from web.owners import is_visible
from web.representations import API, represent_job, represent_stage
from web.services import services

bp = Blueprint("events", __name__, url_prefix=API)

HEARTBEAT_SECONDS = 15.0
# Then the stream ends and the browser comes back by itself: nothing is held for ever.
STREAM_SECONDS = 600.0


@bp.get("/jobs/<job_id>/events")
@needs(Scope.READ)
def stream_events(job_id: str) -> Response:
    """Stream the events of a job until its end."""
    # The first look happens here, so that an unknown job and a full house get a status of theirs.
    course = services().client.follow(job_id, STREAM_SECONDS)
    first = next(course)
    if first is None or not is_visible(first):
        raise Problem("job_unknown")
    seen = read_last_event(request.headers.get("Last-Event-ID", ""))
    if first.state.is_final and seen >= len(list_events(first)):
        return Response(status=204)  # tells an EventSource not to come back
    return Response(
        write_stream(chain([first], course), seen),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def read_last_event(text: str) -> int:
    """Return the number of the last event that the reader has; 0 for none or nonsense."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def list_events(job: Job) -> list[tuple[str, object]]:
    """Return the events of a job's course so far, as names and data."""
    events: list[tuple[str, object]] = [("queued", {"id": job.id, "position": job.position})]
    if job.started_ms is not None:
        events.append(("running", {"id": job.id, "attempts": job.attempts}))
        stages = job.outcome.stages if job.outcome else job.progress
        events += [("stage", represent_stage(stage)) for stage in stages]
    if job.state.is_final:
        events.append(("done", represent_job(job)))
    return events


def write_stream(course: Iterator[Job | None], seen: int) -> Iterator[str]:
    """Yield what is new with every look at the job; a comment where nothing is for a while.

    A second attempt has its stages again; those that were told already are not told twice.
    """
    position: int | None = None
    last = time.monotonic()
    try:
        for job in course:
            if job is None:
                return
            text = "".join(
                format_event(number, *event)
                for number, event in enumerate(list_events(job), 1)
                if number > seen or (number == 1 == seen and job.position not in (None, position))
            )
            if job.state is JobState.QUEUED:
                position = job.position
            seen = max(seen, len(list_events(job)))
            if not text and time.monotonic() - last >= HEARTBEAT_SECONDS:
                text = ": still here\n\n"
            if text:
                last = time.monotonic()
                yield text
    except JobsError:
        # The answer has begun, so no status can tell: the reader comes back and gets one.
        yield "retry: 2000\n\n"


def format_event(number: int, name: str, data: object) -> str:
    """Write one event in the form of the HTML standard."""
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
