"""The JSON forms."""

from dataclasses import fields

import pytest

from jobs.messages import Batch, Job, JobClass, JobState, Refused, StageResult
from tests.jobs.factories import make_outcome, make_stage
from web.representations import format_time, represent_batch, represent_job, represent_stage


def make_job(**more: object) -> Job:
    given: dict[str, object] = {
        "id": "a",
        "pipeline": "zomato-rider",
        "state": JobState.QUEUED,
        "owner": "local",
        "job_class": JobClass.BULK,
        "attempts": 0,
        "submitted_ms": 1_795_500_000_000.25,
    }
    return Job(**{**given, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, None),
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_795_500_000_000.9, "2026-11-24T06:00:00.000Z"),
        (1_795_500_000_123.4, "2026-11-24T06:00:00.123Z"),
    ],
)
def test_times_are_utc_to_the_millisecond(milliseconds: float | None, text: str | None) -> None:
    assert format_time(milliseconds) == text


def test_a_stage_leaves_nothing_out() -> None:
    assert set(represent_stage(make_stage())) == {field.name for field in fields(StageResult)}


def test_durations_are_measured_from_the_submission() -> None:
    job = make_job(
        state=JobState.SUCCEEDED,
        started_ms=1_795_500_000_003.35,
        finished_ms=1_795_500_000_011.25,
        decoding_milliseconds=1.9,
        outcome=make_outcome(),
    )
    assert represent_job(job)["milliseconds"] == {"waiting": 3.1, "decoding": 1.9, "total": 11.0}


def test_nothing_inner_comes_out() -> None:
    shown = str(represent_job(make_job(owner="browser:secret", request_id="r1")))
    assert "secret" not in shown
    assert "bulk" not in shown
    assert "r1" not in shown


def test_a_batch_counts_what_was_forgotten_as_done() -> None:
    batch = Batch(
        id="b",
        owner="local",
        pipeline="zomato-rider",
        submitted_ms=0.0,
        items=("a", "gone", Refused(code="body_empty", detail="Empty.")),
    )
    shown = represent_batch(batch, {"a": make_job()})
    assert shown["progress"] == {"total": 3, "done": 2}
    assert shown["finished"] is False
    assert shown["counts"]["queued"] == 1
    assert shown["counts"]["forgotten"] == 1
    assert shown["items"][1] == {"index": 1, "id": "gone", "job": None, "error": None}
    assert shown["items"][2]["error"] == {"code": "body_empty", "message": "Empty."}
    done = represent_batch(batch, {"a": make_job(state=JobState.CANCELLED)})
    assert done["finished"] is True
