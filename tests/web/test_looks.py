"""How a job reads in words."""

import pytest

from web.looks import can_try_again, look_at, name_label

PERSON = {"stage": "person", "question": "Is there a human?", "unsure_band": [0.4, 0.6]}
RIDER = {"stage": "zomato_rider", "question": "Is it a rider?", "unsure_band": [0.3, 0.5]}


def make_job(label, *stages, unsure=False):
    outcome = {"text": "", "label": label, "unsure": unsure, "stages": list(stages)}
    return {"state": "succeeded", "outcome": outcome, "error": None}


YES = {**PERSON, "score": 0.98, "passed": True}
NO = {**PERSON, "score": 0.02, "passed": False}


@pytest.mark.parametrize(
    ("job", "kind", "title"),
    [
        (make_job("no_human", NO), "none", "No human"),
        (make_job("others", YES, {**RIDER, "score": 0.1, "passed": False}), "stop", "Someone else"),
        (
            make_job("zomato_delivery_boy", YES, {**RIDER, "score": 0.9, "passed": True}),
            "pass",
            "Rider",
        ),
    ],
)
def test_an_answer_has_its_kind_and_title(job, kind, title):
    assert (look_at(job).kind, look_at(job).title) == (kind, title)


def test_doubt_about_the_last_question_is_put_in_figures():
    job = make_job("others", YES, {**RIDER, "score": 0.46, "passed": False}, unsure=True)
    assert look_at(job).kind == "unsure"
    assert look_at(job).why == (
        "Probably someone else: 0.46, and between 0.30 and 0.50 this model is wrong too often "
        "to say."
    )


def test_a_doubtful_score_is_told_from_the_end_of_the_band():
    stage = {**RIDER, "unsure_band": [0.3, 1.0], "score": 0.996, "passed": True}
    assert (
        "rider: above 0.99, and between 0.30 and 1.00 this"
        in look_at(make_job("zomato_delivery_boy", YES, stage, unsure=True)).why
    )


def test_doubt_about_an_earlier_question_names_it():
    job = make_job(
        "others",
        {**PERSON, "score": 0.55, "passed": True},
        {**RIDER, "score": 0.1, "passed": False},
        unsure=True,
    )
    assert look_at(job).why.startswith("Probably someone else. “Is there a human?” scored 0.55")


def test_a_label_without_words_is_shown_by_its_name():
    assert name_label("late_blight") == "Late blight"
    assert look_at(make_job("late_blight", YES)).title == "Late blight"


def test_a_place_in_the_queue_is_named():
    job = {"state": "queued", "position": 12, "outcome": None, "error": None}
    assert look_at(job).title == "Number 12 in line"
    assert look_at({**job, "position": 1}).title == "Next in line"


@pytest.mark.parametrize(("code", "again"), [("image_truncated", False), ("worker_lost", True)])
def test_another_try_is_offered_only_where_it_can_help(code, again):
    job = {"state": "failed", "outcome": None, "error": {"code": code, "message": "Why."}}
    assert can_try_again(job) is again
    assert look_at(job).why == "Why."
