"""Job, outcome and their parts: frozen values that cross the border between web and worker.

Everything here is plain data with a JSON form of version `SCHEMA`; no Redis, no HTTP, no arrays.
Times are milliseconds since 1970 on the Redis server's clock, so that hosts need not agree.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

SCHEMA = 1


class JobState(StrEnum):
    """Where a job is; a final state never changes."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing can happen to the job any more."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


class JobClass(StrEnum):
    """Which of the two queues a job waits in."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """What one stage of the cascade said; scores are probabilities in [0, 1]."""

    stage: str
    question: str
    model: str
    version: str
    label: str
    score: float
    threshold: float
    unsure_band: tuple[float, float]
    passed: bool
    unsure: bool
    scores: Mapping[str, float]
    milliseconds: float

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the JSON form."""
        low, high = data["unsure_band"]
        return cls(**{**data, "unsure_band": (low, high)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answer of a pipeline: the exact text, the last stage's label, every stage asked."""

    text: str
    label: str
    unsure: bool
    stages: tuple[StageResult, ...]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        stages = tuple(StageResult.from_dict(stage) for stage in data["stages"])
        return cls(text=data["text"], label=data["label"], unsure=data["unsure"], stages=stages)

    def to_json(self) -> str:
        """Write the compact JSON form that the ledger keeps."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a job failed: a stable code for programs and a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One picture to be classified, as the door accepted it.

    `id` is made by the caller, so that a repeated call after a lost answer stores nothing twice.
    `max_wait_seconds`: a job that still waits after so long ends as `expired`. `trace`: the W3C
    `traceparent` of the request, for logs and spans of the worker.
    """

    id: str
    pipeline: str
    image: bytes
    owner: str
    camera: str | None = None
    bulk: bool = False
    max_wait_seconds: float | None = None
    request_id: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as the ledger knows it. `position` is 1 for the next one, and only set while queued."""

    id: str
    pipeline: str
    state: JobState
    owner: str
    job_class: JobClass
    attempts: int
    submitted_ms: float
    started_ms: float | None = None
    finished_ms: float | None = None
    camera: str | None = None
    batch: str | None = None
    position: int | None = None
    decoding_milliseconds: float | None = None
    outcome: Outcome | None = None
    failure: Failure | None = None
    progress: tuple[StageResult, ...] = ()
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to work on one job for `lease_seconds`; `token` proves that it is still ours.

    `waited_milliseconds`: from the accept to this lease, on Redis's clock. `is_alone`: no other job
    waited or ran when this one was leased.
    """

    job_id: str
    token: int
    pipeline: str
    image: bytes
    request_id: str = ""
    trace: str = ""
    waited_milliseconds: float = 0.0
    is_alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The end of a leased job: an outcome, or a failure that is the picture's or the pipeline's."""

    job_id: str
    token: int
    outcome: Outcome | None = None
    failure: Failure | None = None
    decoding_milliseconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A picture of a batch that the door refused, by its place in the request."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Pictures that were sent together. `items`: in request order, a job id or a refusal."""

    id: str
    owner: str
    pipeline: str
    submitted_ms: float
    items: tuple[str | Refused, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A pool child that has loaded its models and was seen a moment ago."""

    name: str
    models: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """How the system stands now."""

    waiting_interactive: int
    waiting_bulk: int
    running: int
    workers: tuple[Worker, ...]
    durability: str
    counters: Mapping[str, int]


def new_id() -> str:
    """Make an unguessable id of 22 URL-safe characters (128 random bits)."""
    return secrets.token_urlsafe(16)
