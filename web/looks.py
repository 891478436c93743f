"""Says a job's state and answer in words for people, with a kind that gives colour and symbol.

Owns the wording of the four answers, of a wait and of every end without one. Knows nothing of
HTML. A label without words of its own is shown by its name, so that a new pipeline needs no change
here; which kind an answer has follows from the gates alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from web.scores import spell, write_scores

TRY_THIS = "Try a picture that is closer and lighter, with the whole body in it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a job is shown. `kind` is one of pass stop none unsure wait fail over."""

    kind: str
    title: str
    why: str
    advice: str = ""


# label: (title, the sentence under it, how it reads after "Probably")
WORDS: Mapping[str, tuple[str, str, str]] = {
    "zomato_delivery_boy": (
        "Rider",
        "A human who looks like a Zomato delivery rider.",
        "a Zomato rider",
    ),
    "others": (
        "Someone else",
        "A human, but not one who looks like a Zomato rider.",
        "someone else",
    ),
    "no_human": ("No human", "Nobody was seen in this picture.", "no human"),
}

# code of a failed job: (title, whether another try with the same picture can help)
FAILURES: Mapping[str, tuple[str, bool]] = {
    "image_truncated": ("The picture is cut off", False),
    "image_damaged": ("The picture is damaged", False),
    "image_too_large": ("The picture is too large", False),
    "image_unsupported": ("This picture cannot be read", False),
    "picture_too_slow": ("The picture took too long", False),
}

ENDS: Mapping[str, Look] = {
    "superseded": Look(
        kind="over",
        title="Replaced",
        why="A newer picture of the same camera came before a worker had time for this one.",
    ),
    "cancelled": Look(
        kind="over", title="Cancelled", why="This picture was taken back before it was answered."
    ),
    "expired": Look(
        kind="over",
        title="Waited too long",
        why="No worker had time for this picture within the time that its sender had set.",
    ),
}


def look_at(job: Mapping[str, Any]) -> Look:
    """Say in words how this job (in its JSON form) stands."""
    state = job["state"]
    if state == "succeeded":
        return _look_at_outcome(job["outcome"])
    if state == "failed":
        title, _ = FAILURES.get(job["error"]["code"], ("No answer", True))
        return Look(kind="fail", title=title, why=job["error"]["message"])
    if state in ENDS:
        return ENDS[state]
    if state == "running":
        return Look(kind="wait", title="Looking…", why="A worker has the picture in hand.")
    return Look(kind="wait", title=say_place(job.get("position")), why="Waiting for a worker.")


def can_try_again(job: Mapping[str, Any]) -> bool:
    """Tell whether the same picture may get an answer when it is sent once more."""
    if job["state"] == "failed":
        return FAILURES.get(job["error"]["code"], ("", True))[1]
    return job["state"] in ("cancelled", "expired", "superseded")


def say_place(position: int | None) -> str:
    """Name the place in the queue; 1 is the next one."""
    if position is None:
        return "In the queue"
    return "Next in line" if position <= 1 else f"Number {position} in line"


def name_label(label: str) -> str:
    """Name an answer for people; a label that has no words is shown by its own name."""
    return WORDS[label][0] if label in WORDS else label.replace("_", " ").capitalize()


def kind_of(outcome: Mapping[str, Any]) -> str:
    """Find the kind of an answer: pass, none (the first gate stopped it), stop, or unsure."""
    if outcome["unsure"]:
        return "unsure"
    stages = outcome["stages"]
    if stages and stages[-1]["passed"]:
        return "pass"
    return "none" if len(stages) <= 1 else "stop"


def _look_at_outcome(outcome: Mapping[str, Any]) -> Look:
    label = outcome["label"]
    kind = kind_of(outcome)
    title, why, _ = WORDS.get(label, (name_label(label), "", ""))
    if kind != "unsure":
        return Look(kind=kind, title=title, why=why)
    return Look(kind=kind, title="Unsure", why=_say_doubt(outcome), advice=TRY_THIS)


def _say_doubt(outcome: Mapping[str, Any]) -> str:
    label = outcome["label"]
    guess = WORDS[label][2] if label in WORDS else name_label(label).lower()
    doubtful = [stage for stage in outcome["stages"] if _is_doubtful(stage)]
    if not doubtful:
        return f"Probably {guess}, but the model is not sure."
    stage = doubtful[0]
    score, low, high = map(spell, write_scores(stage["score"], stage["unsure_band"]))
    band = f"between {low} and {high} this model is wrong too often to say."
    if stage is outcome["stages"][-1]:
        return f"Probably {guess}: {score}, and {band}"
    return f"Probably {guess}. “{stage['question']}” scored {score}, and {band}"


def _is_doubtful(stage: Mapping[str, Any]) -> bool:
    low, high = stage["unsure_band"]
    return bool(low <= stage["score"] <= high)
