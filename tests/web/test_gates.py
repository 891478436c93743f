"""What stands on the gates of a result."""

import pytest

from models.catalogue import load_pipelines
from web.gates import line_up_gates

STAGES = load_pipelines()["zomato-rider"].stages
PERSON = {"stage": "person", "question": "Is there a human?", "unsure_band": [0.4, 0.6]}
YES = {**PERSON, "label": "human", "score": 0.98, "passed": True}
NO = {**PERSON, "label": "no_human", "score": 0.02, "passed": False}
DOUBT = {**PERSON, "label": "human", "score": 0.55, "passed": True}


def show(state, asked=(), *, progress=()):
    outcome = {"stages": list(asked)} if asked else None
    job = {"state": state, "outcome": outcome, "progress": list(progress)}
    return [(gate.kind, gate.symbol, gate.verdict) for gate in line_up_gates(STAGES, job)]


@pytest.mark.parametrize(
    ("state", "options", "wanted"),
    [
        ("queued", {}, [("idle", "wait", "Not asked yet")] * 2),
        (
            "running",
            {"progress": [YES]},
            [("pass", "pass", "Yes"), ("idle", "wait", "Asking now…")],
        ),
        ("cancelled", {}, [("idle", "none", "Not asked")] * 2),
        (
            "succeeded",
            {"asked": [NO]},
            [("none", "none", "No"), ("idle", "none", "Not asked: no human")],
        ),
    ],
)
def test_gates_follow_the_job(state, options, wanted):
    assert show(state, **options) == wanted


def test_a_score_in_the_band_is_a_probable_answer():
    assert show("succeeded", [DOUBT])[0] == ("unsure", "unsure", "Probably yes")


def test_a_gate_is_written_for_the_eye_and_for_the_ear():
    asked = {**YES, "score": 0.996, "threshold": 0.5}
    job = {"state": "succeeded", "outcome": {"stages": [asked]}}
    first, second = line_up_gates(STAGES, job)
    assert first.written == (">0.99", "0.50", "0.40", "0.60")
    assert first.spoken == ("above 0.99", "0.50", "0.40", "0.60")
    assert second.written == ()
