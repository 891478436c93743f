"""The JSON schemas (draft 2020-12) of what the API takes and answers, held to real answers."""

from typing import Any

from jobs.messages import JobState
from web.parameters import CAMERA, LONGEST_MAX_WAIT_SECONDS
from web.problems import PROBLEMS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
TIME: Schema = {"type": "string", "format": "date-time"}
SCORE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}


def ref(name: str) -> Schema:
    """Refer to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Schema, **more: Any) -> Schema:
    """Describe a list."""
    return {"type": "array", "items": items, **more}


def maybe(schema: Schema) -> Schema:
    """Describe what may be null."""
    return {"oneOf": [schema, {"type": "null"}]}


def record(properties: Schema, *, optional: tuple[str, ...] = (), **more: Any) -> Schema:
    """Describe an object whose properties are all there, but for the optional ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, **more}


def about(schema: Schema, description: str) -> Schema:
    """Add a sentence to a schema."""
    return {**schema, "description": description}


def closed(properties: Schema) -> Schema:
    """Describe an object with exactly these properties."""
    return record(properties, additionalProperties=False)


STAGE = closed(
    {
        "stage": TEXT,
        "question": TEXT,
        "model": TEXT,
        "version": TEXT,
        "label": about(TEXT, "The label that the stage ended with."),
        "score": about(SCORE, "The score of the label that lets the cascade go on."),
        "threshold": about(SCORE, "The score at which the stage passes."),
        "unsure_band": about(
            array(SCORE, minItems=2, maxItems=2),
            "Between these two scores the model is wrong too often to say.",
        ),
        "passed": {"type": "boolean"},
        "unsure": {"type": "boolean"},
        "scores": {"type": "object", "additionalProperties": SCORE},
        "milliseconds": NUMBER,
    }
)

OUTCOME = closed(
    {
        "text": about(TEXT, "The exact text that programs rely on."),
        "label": about(TEXT, "The label of the last stage that was asked."),
        "unsure": about({"type": "boolean"}, "Whether any stage that was asked is unsure."),
        "stages": about(array(ref("Stage")), "The stages that were asked, in their order."),
    }
)

FAULT = closed({"code": TEXT, "message": TEXT})

JOB = closed(
    {
        "id": TEXT,
        "pipeline": TEXT,
        "state": {"enum": [state.value for state in JobState]},
        "submitted_at": TIME,
        "finished_at": maybe(TIME),
        "attempts": COUNT,
        "position": maybe(about({"type": "integer"}, "While queued: 1 is next; null if unknown.")),
        "camera": maybe(TEXT),
        "batch": maybe(about(TEXT, "The id of the batch that it came with.")),
        "outcome": maybe(ref("Outcome")),
        "error": maybe(ref("Fault")),
        "milliseconds": closed(
            {"waiting": maybe(NUMBER), "decoding": maybe(NUMBER), "total": maybe(NUMBER)}
        ),
        "links": closed({"self": TEXT, "page": TEXT, "events": TEXT, "cancel": maybe(TEXT)}),
    }
)

JOBS = closed({"jobs": array(ref("Job")), "links": closed({"next": maybe(TEXT)})})

BATCH = closed(
    {
        "id": TEXT,
        "pipeline": TEXT,
        "submitted_at": TIME,
        "finished": {"type": "boolean"},
        "progress": closed({"total": COUNT, "done": COUNT}),
        "counts": closed(
            dict.fromkeys((*[state.value for state in JobState], "refused", "forgotten"), COUNT)
        ),
        "items": array(
            closed(
                {
                    "index": COUNT,
                    "id": maybe(TEXT),
                    "job": maybe(ref("Job")),
                    "error": maybe(ref("Fault")),
                }
            )
        ),
        "links": closed({"self": TEXT}),
    }
)

PIPELINES = closed(
    {
        "pipelines": array(
            closed(
                {
                    "slug": TEXT,
                    "title": TEXT,
                    "description": TEXT,
                    "input": TEXT,
                    "texts": about(
                        {"type": "object", "additionalProperties": TEXT},
                        "The outcome's text for each label that the last stage can end with.",
                    ),
                    "stages": array(
                        closed(
                            {
                                "name": TEXT,
                                "model": TEXT,
                                "version": TEXT,
                                "question": TEXT,
                                "passes_on": maybe(TEXT),
                            }
                        )
                    ),
                }
            )
        )
    }
)

READINESS = closed(
    {
        "ready": {"const": True},
        "workers": about(COUNT, "Worker processes that have loaded their models."),
        "models": about(
            {"type": "object", "additionalProperties": array(TEXT)},
            "The versions of each model that workers have loaded.",
        ),
        "durability": about(TEXT, "strict: on the disk before a job is accepted."),
        "waiting": COUNT,
        "running": COUNT,
    }
)

PROBLEM = record(
    {
        "type": about(TEXT, "Leads to the code on the page /api."),
        "title": TEXT,
        "status": {"type": "integer"},
        "code": {"enum": list(PROBLEMS)},
        "detail": about(TEXT, "What came, and what to do."),
        "request_id": TEXT,
    },
    description="Problem details (RFC 9457). Some codes add members of their own.",
)

ASKED: Schema = {
    "pipeline": about(TEXT, "May be left out where there is only one."),
    "camera": about(
        {"type": "string", "pattern": f"^{CAMERA.pattern}$"},
        "Names the camera: of its frames only the newest waits, older ones end as superseded.",
    ),
    "max_wait": about(
        {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST_MAX_WAIT_SECONDS},
        "Seconds; a job that waits longer ends as expired.",
    ),
}

PICTURE: Schema = about({"type": "string", "format": "binary"}, "JPEG, PNG, WEBP, GIF or BMP.")

JOB_FORM = record({"image": PICTURE, **ASKED}, optional=tuple(ASKED))
JOB_JSON = record(
    {"image": about(TEXT, "The picture in base64, or as a data URL."), **ASKED},
    optional=tuple(ASKED),
)
BATCH_FORM = record(
    {"image": array(PICTURE, minItems=1, maxItems=100), "pipeline": ASKED["pipeline"]},
    optional=("pipeline",),
)

SCHEMAS: Schema = {
    "Job": JOB,
    "Jobs": JOBS,
    "Outcome": OUTCOME,
    "Stage": STAGE,
    "Fault": FAULT,
    "Batch": BATCH,
    "Pipelines": PIPELINES,
    "Readiness": READINESS,
    "Life": closed({"alive": {"const": True}}),
    "Problem": PROBLEM,
    "JobForm": JOB_FORM,
    "JobJson": JOB_JSON,
    "BatchForm": BATCH_FORM,
}
