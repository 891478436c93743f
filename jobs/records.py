"""How jobs, batches and reports stand in Redis: read into messages, and written for the scripts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jobs.messages import (
    Batch,
    Failure,
    Job,
    JobClass,
    JobState,
    Lease,
    Outcome,
    Refused,
    Report,
    StageResult,
    Submission,
)

PREFIX = "spotter:"  # of every key and channel

# What a failed job says, by code, where the worker could not say it itself.
FAILURES = {
    "worker_lost": "The worker ended while it worked on this picture, three times over. "
    "The picture may be harmful; if it looks sound to you, send it again in a while.",
    "picture_too_slow": "This picture took longer to work on than is allowed, three times over. "
    "Save it again in a plain form (a JPEG of at most 4000 pixels a side) and send that.",
    "out_of_memory": "Workers ran out of memory at this picture, three times over. Send it again "
    "in a while; where others get through meanwhile, send it smaller: at most 4000 pixels a side.",
    "internal_error": "The worker failed at this picture, three times over, by a fault of its own. "
    "The operator finds the reason in the log; trying again helps once that is mended.",
    "picture_lost": "The picture's bytes were gone before a worker could take them. "
    "Please send it again.",
}


def read_job(job_id: str, record: Mapping[bytes, bytes]) -> Job | None:
    """Read a job's hash; None where there is none."""
    if b"state" not in record:
        return None
    return _read_job(job_id, {name.decode(): value.decode() for name, value in record.items()})


def read_change(message: bytes) -> tuple[str, Job | None]:
    """Read what the ledger tells when a job has ended: its id, and the job as it is for good.

    None where no end can be read: its id alone was told, as older scripts do, or by a stranger.
    """
    job_id, _, record = message.partition(b" ")
    name = job_id.decode(errors="replace")
    try:
        flat = json.loads(record)
        job = _read_job(name, dict(zip(flat[::2], flat[1::2], strict=True)))
    except (ValueError, TypeError, KeyError):
        return name, None
    return name, job if job.state.is_final else None


def _read_job(job_id: str, text: Mapping[str, str]) -> Job:
    return Job(
        id=job_id,
        pipeline=text["pipeline"],
        state=JobState(text["state"]),
        owner=text["owner"],
        job_class=JobClass(text["class"]),
        attempts=int(text["attempts"]),
        submitted_ms=float(text["submitted"]),
        started_ms=_number(text.get("started")),
        finished_ms=_number(text.get("finished")),
        camera=text.get("camera") or None,
        batch=text.get("batch") or None,
        decoding_milliseconds=_number(text.get("decoding")),
        outcome=Outcome.from_json(text["outcome"]) if "outcome" in text else None,
        failure=_read_failure(text),
        progress=read_progress(text.get("progress", "")),
        request_id=text.get("request_id", ""),
    )


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def _read_failure(text: Mapping[str, str]) -> Failure | None:
    if text["state"] != JobState.FAILED:
        return None
    code = text.get("error_code", "worker_lost")
    return Failure(code=code, message=text.get("error_message") or FAILURES.get(code, code))


def read_progress(text: str) -> tuple[StageResult, ...]:
    """Read the stages that a running job has behind it."""
    return tuple(StageResult.from_dict(stage) for stage in json.loads(text)) if text else ()


def write_items(batch: Batch) -> str:
    """Write a batch's items: an id as a string, a refusal as a pair of code and detail."""
    items: list[Any] = [
        item if isinstance(item, str) else [item.code, item.detail] for item in batch.items
    ]
    return json.dumps(items, separators=(",", ":"))


def read_batch(batch_id: str, record: Mapping[bytes, bytes]) -> Batch | None:
    """Read a batch's hash; None where there is none."""
    if b"items" not in record:
        return None
    items = tuple(
        item if isinstance(item, str) else Refused(code=item[0], detail=item[1])
        for item in json.loads(record[b"items"])
    )
    return Batch(
        id=batch_id,
        owner=record[b"owner"].decode(),
        pipeline=record[b"pipeline"].decode(),
        submitted_ms=float(record[b"submitted"]),
        items=items,
    )


def read_accepted(
    submission: Submission, job_class: bytes, position: int, submitted_ms: bytes
) -> Job:
    """Return a job as it stands right after it was accepted."""
    return Job(
        id=submission.id,
        pipeline=submission.pipeline,
        state=JobState.QUEUED,
        owner=submission.owner,
        job_class=JobClass(job_class.decode()),
        attempts=0,
        submitted_ms=float(submitted_ms),
        camera=submission.camera,
        position=position,
        request_id=submission.request_id,
    )


def read_lease(answer: Sequence[Any]) -> Lease:
    """Read what `advance.lua` says of a leased job."""
    job_id, token, pipeline, request_id, image, trace, waited, others = answer
    return Lease(
        job_id=job_id.decode(),
        token=token,
        pipeline=pipeline.decode(),
        image=image,
        request_id=request_id.decode(),
        trace=trace.decode(),
        waited_milliseconds=waited / 1000,
        is_alone=others == 0,
    )


def write_report(report: Report | None) -> list[Any]:
    """Flatten a report into job id, token, state, what it counts as, and the hash's fields.

    Raises:
        ValueError: it holds neither an outcome nor a failure.
    """
    if report is None:
        return ["", 0, "", ""]
    fields: list[Any] = []
    if report.decoding_milliseconds is not None:
        fields += ["decoding", report.decoding_milliseconds]
    if report.outcome is not None:
        fields += ["outcome", report.outcome.to_json()]
        counts_as = f"{'unsure' if report.outcome.unsure else 'sure'}|{report.outcome.label}"
        return [report.job_id, report.token, JobState.SUCCEEDED.value, counts_as, *fields]
    if report.failure is None:
        raise ValueError("a report needs an outcome or a failure")
    code = report.failure.code
    fields += ["error_code", code, "error_message", report.failure.message]
    return [report.job_id, report.token, JobState.FAILED.value, code, *fields]
