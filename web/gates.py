"""Puts the stages of a pipeline side by side with what was asked of them, for the result page.

Owns the words on a gate; the drawing is the template's. Scores are probabilities in [0, 1].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from web.looks import name_label
from web.scores import spell, write_scores

if TYPE_CHECKING:
    from models.catalogue import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One gate. `stage` is None where it was not asked; `kind` gives colour and symbol."""

    question: str
    kind: str
    verdict: str
    stage: Mapping[str, Any] | None = None
    waits: bool = False

    @property
    def symbol(self) -> str:
        """Name the icon: a clock for what may still be asked."""
        if self.kind != "idle":
            return self.kind
        return "wait" if self.waits else "none"

    @property
    def written(self) -> tuple[str, ...]:
        """Write score, threshold and both ends of the unsure band; nothing if it was not asked."""
        stage = self.stage
        if stage is None:
            return ()
        return write_scores(stage["score"], (stage["threshold"], *stage["unsure_band"]))

    @property
    def spoken(self) -> tuple[str, ...]:
        """Write the same for a screen reader."""
        return tuple(map(spell, self.written))


def line_up_gates(stages: "Sequence[Stage]", job: Mapping[str, Any]) -> list[Gate]:
    """Return a gate for each stage, asked or not, in the order of the pipeline."""
    asked = list((job["outcome"] or {}).get("stages") or job.get("progress") or [])
    gates = [_show_asked(index, stage) for index, stage in enumerate(asked)]
    for place, stage in enumerate(stages[len(asked) :]):
        verdict = _say_not_asked(job, asked, next_one=place == 0)
        waits = job["state"] in ("queued", "running")
        gates.append(Gate(question=stage.question, kind="idle", verdict=verdict, waits=waits))
    return gates


def _show_asked(index: int, stage: Mapping[str, Any]) -> Gate:
    low, high = stage["unsure_band"]
    if low <= stage["score"] <= high:
        verdict = "Probably yes" if stage["passed"] else "Probably no"
        return Gate(question=stage["question"], kind="unsure", verdict=verdict, stage=stage)
    if stage["passed"]:
        return Gate(question=stage["question"], kind="pass", verdict="Yes", stage=stage)
    kind = "none" if index == 0 else "stop"
    return Gate(question=stage["question"], kind=kind, verdict="No", stage=stage)


def _say_not_asked(
    job: Mapping[str, Any], asked: Sequence[Mapping[str, Any]], *, next_one: bool
) -> str:
    if job["state"] == "succeeded" and asked:
        return f"Not asked: {name_label(asked[-1]['label']).lower()}"
    if job["state"] == "running" and next_one:
        return "Asking now…"
    if job["state"] in ("queued", "running"):
        return "Not asked yet"
    return "Not asked"
