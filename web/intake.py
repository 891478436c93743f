"""Hands checked pictures to the ledger: one, or many as a batch. Used by the API and the pages."""

import hashlib
import time
from collections.abc import Sequence

from flask import g

from jobs.client import Submitted
from jobs.messages import Batch, Job, Refused, Submission, new_id
from jobs.versions import Versions
from web.access_log import note
from web.errors import Problem
from web.owners import current_owner
from web.parameters import Order
from web.reuse import still_holds
from web.services import services
from web.traffic import count_refusal
from web.uploads import check_picture


def submit_picture(
    picture: bytes, order: Order, *, idempotency_key: str | None = None, wait_seconds: float = 0
) -> Submitted:
    """Check a picture and have it accepted; with `wait_seconds`, wait for the end of its job.

    Raises:
        Problem: the picture must not come in.
        JobsError: the ledger did not take it, as `JobClient.submit`.
    """
    check_picture(picture, most_bytes=services().settings.max_image_bytes)
    submission = _make_submission(picture, order)
    submitted = services().client.submit(
        submission,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint([picture], order) if idempotency_key else "",
        wait_seconds=wait_seconds,
    )
    note(
        job_id=submitted.id,
        pipeline=order.pipeline,
        bytes=len(picture),
        replayed=submitted.replayed,
    )
    return submitted


def submit_or_reuse(
    picture: bytes, order: Order, *, reuse_seconds: int, wait_seconds: float
) -> tuple[Submitted, bool]:
    """Find the job that answered the same picture of this owner lately, else submit it.

    Returns it with True where it is such an earlier job. Raises as `submit_picture`.
    """
    answered = services().answered
    name = answered.name_picture(current_owner(), order.pipeline, picture)
    job = _find_answer(name, order, reuse_seconds)
    if job is not None:
        note(job_id=job.id, pipeline=order.pipeline, bytes=len(picture), reused=True)
        return Submitted(id=job.id, replayed=False, job=job), True
    submitted = submit_picture(picture, order, wait_seconds=wait_seconds)
    answered.remember(name, submitted.id)
    return submitted, False


def _find_answer(name: bytes, order: Order, reuse_seconds: int) -> Job | None:
    job_id = services().answered.recall(name, reuse_seconds)
    job = services().client.get(job_id) if job_id else None
    if job is None:
        return None
    chosen = Versions(services().client.ledger.client).chosen()
    return job if still_holds(job, services().pipelines[order.pipeline], chosen) else None


def submit_batch(
    pictures: tuple[bytes, ...], order: Order, *, idempotency_key: str | None = None
) -> Submitted:
    """Have the sound pictures accepted, all or none; the others are refused in their items.

    Raises:
        Problem: none of the pictures may come in, or a camera is named.
        JobsError: the ledger did not take them, as `JobClient.submit_batch`.
    """
    if order.camera is not None:
        raise Problem(
            "parameter_unusable",
            "`camera` goes with single jobs: of a camera's frames only the newest one waits.",
        )
    batch_id = new_id()
    items: list[str | Refused] = []
    submissions: list[Submission] = []
    for picture in pictures:
        try:
            check_picture(picture, most_bytes=services().settings.max_image_bytes)
        except Problem as problem:
            items.append(Refused(code=problem.code, detail=problem.detail))
            count_refusal(problem.code)
            continue
        submission = _make_submission(picture, order, in_batch=True)
        submissions.append(submission)
        items.append(submission.id)
    if not submissions:
        raise _refuse_all(items)
    submitted = services().client.submit_batch(
        Batch(
            id=batch_id,
            owner=submissions[0].owner,
            pipeline=order.pipeline,
            submitted_ms=time.time() * 1000,
            items=tuple(items),
        ),
        submissions,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint(pictures, order, in_batch=True) if idempotency_key else "",
    )
    note(
        batch_id=submitted.id,
        pipeline=order.pipeline,
        pictures=len(submissions),
        refused=len(items) - len(submissions),
        replayed=submitted.replayed,
    )
    return submitted


def _refuse_all(items: list[str | Refused]) -> Problem:
    refused = [
        {"index": place, "code": item.code, "detail": item.detail}
        for place, item in enumerate(items)
        if isinstance(item, Refused)
    ]
    return Problem("batch_unusable", extra={"items": refused})


def _make_submission(picture: bytes, order: Order, *, in_batch: bool = False) -> Submission:
    return Submission(
        id=new_id(),
        pipeline=order.pipeline,
        image=picture,
        owner=current_owner(),
        camera=order.camera,
        bulk=in_batch,
        max_wait_seconds=order.max_wait_seconds,
        request_id=g.request_id,
        trace=g.get("trace", ""),
    )


def fingerprint(pictures: Sequence[bytes], order: Order, *, in_batch: bool = False) -> str:
    """Return what two requests with one idempotency key must have in common, as SHA-256."""
    digest = hashlib.sha256(repr((order.pipeline, order.camera)).encode())
    if in_batch:  # a batch of one is another thing than a job
        digest.update(b"batch")
    for picture in pictures:
        digest.update(len(picture).to_bytes(8, "big"))
        digest.update(picture)
    return digest.hexdigest()
