"""From a leased picture to a report."""

import dataclasses

import pytest

from jobs.messages import Failure, Lease, StageResult
from models.errors import ImageCode, ImageError
from tests.worker.cascades import Answer, Broken, make_prediction
from worker.recognise import UnknownPipeline, describe_stage, recognise

LEASE = Lease(job_id="job", token=2, pipeline="zomato-rider", image=b"picture")


def test_the_cascade_gets_the_leased_bytes() -> None:
    cascade = Answer()
    recognise(LEASE, {"zomato-rider": cascade}, lambda stage: None)
    assert cascade.pictures == [b"picture"]


def test_the_report_carries_the_lease_that_it_is_about() -> None:
    report = recognise(LEASE, {"zomato-rider": Answer()}, lambda stage: None)
    assert (report.job_id, report.token) == ("job", 2)


def test_the_outcome_has_the_exact_text() -> None:
    report = recognise(LEASE, {"zomato-rider": Answer()}, lambda stage: None)
    assert report.outcome.text == "human_detected, others"


def test_the_decoding_time_is_reported() -> None:
    report = recognise(LEASE, {"zomato-rider": Answer()}, lambda stage: None)
    assert report.decoding_milliseconds == 1.5


def test_every_stage_is_told_as_it_ends() -> None:
    told: list[StageResult] = []
    recognise(LEASE, {"zomato-rider": Answer()}, told.append)
    assert told == [describe_stage(make_prediction())]


def test_a_stage_keeps_every_field_of_its_prediction() -> None:
    prediction = make_prediction(unsure=True, label="no_human")
    assert dataclasses.asdict(describe_stage(prediction)) == dataclasses.asdict(prediction)


def test_a_bad_picture_is_a_failure_for_its_sender() -> None:
    cascade = Broken(ImageError(ImageCode.TRUNCATED, "Send the whole file again."))
    report = recognise(LEASE, {"zomato-rider": cascade}, lambda stage: None)
    assert report.failure == Failure(code="image_truncated", message="Send the whole file again.")


def test_an_unknown_pipeline_is_no_report() -> None:
    with pytest.raises(UnknownPipeline, match="zomato-rider"):
        recognise(LEASE, {}, lambda stage: None)
