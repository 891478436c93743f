"""What a worker is for: the bytes of one leased picture through its pipeline, to a report.

A plain function without Redis or Celery. What is wrong with the picture becomes a failure that its
sender can read; anything else (a bug, no memory) is raised, for the caller to decide.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from jobs.messages import Failure, Lease, Outcome, Report, StageResult
from models.errors import ImageError

if TYPE_CHECKING:  # the main process comes by here and needs neither numpy nor LiteRT
    from models.classifiers.cascade import CascadeResult, Prediction


class Runs(Protocol):
    """A cascade, as far as it matters here."""

    def run(
        self, data: bytes, on_stage: "Callable[[Prediction], None] | None" = None
    ) -> "CascadeResult":
        """Decode the picture once and ask stage after stage."""


class UnknownPipeline(Exception):
    """A job asks for a pipeline that this worker has not loaded."""


def recognise(
    lease: Lease, cascades: Mapping[str, Runs], on_stage: Callable[[StageResult], None]
) -> Report:
    """Run the pipeline on the picture; `on_stage` is told of each stage as it ends.

    Raises:
        UnknownPipeline: When none of `cascades` has the pipeline's name.
    """
    cascade = cascades.get(lease.pipeline)
    if cascade is None:
        raise UnknownPipeline(lease.pipeline)
    try:
        result = cascade.run(lease.image, lambda prediction: on_stage(describe_stage(prediction)))
    except ImageError as error:
        failure = Failure(code=str(error.code), message=str(error))
        return Report(job_id=lease.job_id, token=lease.token, failure=failure)
    return Report(
        job_id=lease.job_id,
        token=lease.token,
        outcome=describe_outcome(result),
        decoding_milliseconds=result.decoding_milliseconds,
    )


def describe_outcome(result: "CascadeResult") -> Outcome:
    """Say what a cascade found in the words of the contract."""
    return Outcome(
        text=result.text,
        label=result.label,
        unsure=result.unsure,
        stages=tuple(describe_stage(prediction) for prediction in result.stages),
    )


def describe_stage(prediction: "Prediction") -> StageResult:
    """Say what one stage found in the words of the contract."""
    return StageResult(
        stage=prediction.stage,
        question=prediction.question,
        model=prediction.model,
        version=prediction.version,
        label=prediction.label,
        score=prediction.score,
        threshold=prediction.threshold,
        unsure_band=prediction.unsure_band,
        passed=prediction.passed,
        unsure=prediction.unsure,
        scores=prediction.scores,
        milliseconds=prediction.milliseconds,
    )
