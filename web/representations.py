"""The JSON forms of the API: a job, a batch, a pipeline; the same wherever they appear."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from jobs.messages import Batch, Job, JobState, Outcome, Refused, StageResult
from models.catalogue import Pipeline

API = "/api/v1"


def job_path(job_id: str) -> str:
    """Return the address of a job in the API."""
    return f"{API}/jobs/{job_id}"


def page_path(job_id: str) -> str:
    """Return the address of a job's page for people."""
    return f"/jobs/{job_id}"


def batch_path(batch_id: str) -> str:
    """Return the address of a batch in the API."""
    return f"{API}/batches/{batch_id}"


def format_time(milliseconds: float | None) -> str | None:
    """Write a time in ms since 1970 as RFC 3339 in UTC, to the millisecond."""
    if milliseconds is None:
        return None
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def represent_job(job: Job) -> dict[str, Any]:
    """Return a job's JSON form."""
    path = job_path(job.id)
    return {
        "id": job.id,
        "pipeline": job.pipeline,
        "state": job.state.value,
        "submitted_at": format_time(job.submitted_ms),
        "finished_at": format_time(job.finished_ms),
        "attempts": job.attempts,
        "position": job.position,
        "camera": job.camera,
        "batch": job.batch,
        "outcome": represent_outcome(job.outcome) if job.outcome else None,
        "error": (
            {"code": job.failure.code, "message": job.failure.message} if job.failure else None
        ),
        "milliseconds": {
            "waiting": _between(job.submitted_ms, job.started_ms),
            "decoding": _round(job.decoding_milliseconds),
            "total": _between(job.submitted_ms, job.finished_ms),
        },
        "links": {
            "self": path,
            "page": page_path(job.id),
            "events": f"{path}/events",
            "cancel": None if job.state.is_final else path,
        },
    }


def _round(milliseconds: float | None) -> float | None:
    """Keep microseconds and drop what no clock can tell."""
    return None if milliseconds is None else round(milliseconds, 3)


def _between(start: float, end: float | None) -> float | None:
    """Return the milliseconds from one time to another, to a thousandth."""
    return None if end is None else _round(max(0.0, end - start))


def represent_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome's JSON form."""
    return {
        "text": outcome.text,
        "label": outcome.label,
        "unsure": outcome.unsure,
        "stages": [represent_stage(stage) for stage in outcome.stages],
    }


def represent_stage(stage: StageResult) -> dict[str, Any]:
    """Return the JSON form of what one stage said."""
    # By hand: dataclasses.asdict copies deeply and takes ten times as long.
    return {
        "stage": stage.stage,
        "question": stage.question,
        "model": stage.model,
        "version": stage.version,
        "label": stage.label,
        "score": stage.score,
        "threshold": stage.threshold,
        "unsure_band": list(stage.unsure_band),
        "passed": stage.passed,
        "unsure": stage.unsure,
        "scores": dict(stage.scores),
        "milliseconds": _round(stage.milliseconds),
    }


def represent_batch(batch: Batch, jobs: Mapping[str, Job]) -> dict[str, Any]:
    """Return a batch's JSON form with its jobs, as far as they are known still."""
    items = [_represent_item(place, item, jobs) for place, item in enumerate(batch.items)]
    counts = Counter(job.state.value for job in jobs.values())
    refused = sum(isinstance(item, Refused) for item in batch.items)
    done = sum(job.state.is_final for job in jobs.values())
    forgotten = len(items) - refused - len(jobs)
    return {
        "id": batch.id,
        "pipeline": batch.pipeline,
        "submitted_at": format_time(batch.submitted_ms),
        "finished": done + refused + forgotten == len(items),
        "progress": {"total": len(items), "done": done + refused + forgotten},
        "counts": {
            **{state.value: counts[state.value] for state in JobState},
            "refused": refused,
            "forgotten": forgotten,
        },
        "items": items,
        "links": {"self": batch_path(batch.id)},
    }


def _represent_item(place: int, item: str | Refused, jobs: Mapping[str, Job]) -> dict[str, Any]:
    if isinstance(item, Refused):
        error = {"code": item.code, "message": item.detail}
        return {"index": place, "id": None, "job": None, "error": error}
    job = jobs.get(item)
    return {
        "index": place,
        "id": item,
        "job": represent_job(job) if job else None,
        "error": None,
    }


def represent_pipelines(pipelines: Sequence[Pipeline]) -> dict[str, Any]:
    """Return the JSON form of the list of pipelines."""
    return {"pipelines": [represent_pipeline(pipeline) for pipeline in pipelines]}


def represent_pipeline(pipeline: Pipeline) -> dict[str, Any]:
    """Return a pipeline's JSON form."""
    return {
        "slug": pipeline.slug,
        "title": pipeline.title,
        "description": pipeline.description,
        "input": pipeline.input,
        "texts": dict(pipeline.texts),
        "stages": [asdict(stage) for stage in pipeline.stages],
    }
