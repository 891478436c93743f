"""Cascades that answer without looking."""

from collections.abc import Callable
from typing import Any

from models.classifiers.cascade import CascadeResult, Prediction


def make_prediction(**fields: Any) -> Prediction:
    given: dict[str, Any] = {
        "stage": "person",
        "question": "Is there a human?",
        "model": "person",
        "version": "1",
        "label": "human",
        "score": 0.98,
        "threshold": 0.5,
        "unsure_band": (0.4, 0.6),
        "passed": True,
        "unsure": False,
        "scores": {"human": 0.98, "no_human": 0.02},
        "milliseconds": 2.9,
    }
    return Prediction(**{**given, **fields})


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
