"""Cascades that answer without looking."""

from collections.abc import Callable
from typing import Any

from models.classifiers.cascade import CascadeResult, Prediction
from tests.jobs.factories import STAGE


def make_prediction(**fields: Any) -> Prediction:
    return Prediction(**{**STAGE, **fields})


class Answer:
    """Says yes."""

    def __init__(self, during: Callable[[], Any] = lambda: None) -> None:
        self.during = during
        self.pictures: list[bytes] = []

    def run(self, data: bytes, on_stage: Any = None) -> CascadeResult:
        self.pictures.append(data)
        self.during()
        if on_stage:
            on_stage(make_prediction())
        return CascadeResult(
            text="human_detected, others",
            label="others",
            unsure=False,
            stages=(make_prediction(),),
            decoding_milliseconds=1.5,
        )


class Broken:
    """Raises what it is given."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def run(self, data: bytes, on_stage: Any = None) -> CascadeResult:
        raise self.error
