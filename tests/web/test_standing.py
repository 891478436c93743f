"""The status page's word for how it is, and its last hour."""

from dataclasses import replace
from typing import Any

import pytest

from jobs.messages import Census, JobClass, Worker
from jobs.metrics import Minute, Reading
from jobs.settings import JobsSettings
from web.plots import draw_bars
from web.standing import describe, judge, list_minutes

SETTINGS = JobsSettings(redis_url="redis://unused", max_waiting=100)
WORKERS = (Worker(name="a", models={"person": "1"}), Worker(name="b", models={"person": "1"}))
NOW = 30_000_000  # minutes since 1970


def make_minute(number: int, **fields: int) -> Minute:
    given = {"peak": 0, "running": 0, "workers": 2, "succeeded": 0, "failed": 0, "refused": 0}
    return Minute(number=number, **{**given, **fields})


def make_reading(**fields: Any) -> Reading:
    census = {
        "waiting_interactive": 0,
        "waiting_bulk": 0,
        "running": 0,
        "workers": WORKERS,
        "durability": "strict",
        "counters": {},
    }
    given: dict[str, Any] = {
        "now_ms": (NOW + 0.5) * 60_000,
        "left_ms": 0.0,
        "oldest_seconds": dict.fromkeys(JobClass, 0.0),
        "jobs_per_second": 0.0,
        "picture_bytes": 0,
        "memory_bytes": 10,
        "memory_limit_bytes": 100,
        "counters": {},
        "histograms": {},
        "minutes": (),
    }
    for name, value in fields.items():
        (census if name in census else given)[name] = value
    return Reading(census=Census(**census), **given)


@pytest.mark.parametrize(
    ("fields", "kind", "title"),
    [
        ({}, "pass", "All is well"),
        ({"waiting_bulk": 90}, "pass", "All is well"),
        ({"oldest_seconds": {JobClass.BULK: 10.1}}, "wait", "Busy"),
        ({"workers": WORKERS[:1], "minutes": (make_minute(NOW - 3),)}, "unsure", "A worker is"),
        ({"workers": WORKERS[:1], "minutes": (make_minute(NOW - 11),)}, "pass", "All is well"),
        (
            {
                "workers": WORKERS[:1],
                "minutes": (make_minute(NOW - 3),),
                "left_ms": (NOW - 3.0) * 60_000,
            },
            "pass",
            "All is well",
        ),
        ({"waiting_bulk": 95}, "fail", "The queue is full"),
        ({"memory_bytes": 71}, "fail", "The queue has no room"),
        ({"memory_bytes": 71, "memory_limit_bytes": 0}, "pass", "All is well"),
        ({"workers": (), "waiting_bulk": 100}, "fail", "No worker is here"),
    ],
)
def test_the_worst_that_holds_is_said(fields: dict[str, Any], kind: str, title: str) -> None:
    verdict = judge(make_reading(**fields), SETTINGS)
    assert (verdict.kind, verdict.title[: len(title)]) == (kind, title)


def test_counters_become_numbers_of_each_minute() -> None:
    minutes = (
        make_minute(NOW - 3, peak=4, running=1, succeeded=10, refused=1),
        make_minute(NOW - 1, peak=2, running=2, succeeded=25, refused=1),
    )
    counters = {"ended:succeeded": 27, "refused": 4}
    shown = list_minutes(make_reading(minutes=minutes, counters=counters, waiting_bulk=7))
    assert shown["waiting"][-4:] == [4, None, 2, 7]
    assert shown["answered"][-4:] == [10, None, 15, 2]
    assert shown["refused"][-4:] == [1, None, 0, 3]
    assert {len(numbers) for numbers in shown.values()} == {60}


def test_the_last_sixty_seconds_are_guessed_from_two_minutes() -> None:
    reading = make_reading(
        minutes=(make_minute(NOW - 1, succeeded=40),), counters={"ended:succeeded": 43}
    )
    assert describe(reading, [], SETTINGS)["answered"] == 3 + 20


def test_minutes_of_long_ago_are_not_shown() -> None:
    shown = list_minutes(make_reading(minutes=(make_minute(NOW - 60, peak=9),)))
    assert set(shown["waiting"]) == {None, 0}


def test_what_was_refused_is_told_by_how_often() -> None:
    counters = {("refused", "queue_full"): 2, ("refused", "image_damaged"): 5, ("requests", "x"): 9}
    reading = replace(make_reading(), counters=counters)
    refusals = describe(reading, [], SETTINGS)["refusals"]
    assert refusals == [
        {"code": "image_damaged", "count": 5, "title": "The picture is damaged"},
        {"code": "queue_full", "count": 2, "title": "The queue is full"},
    ]


def test_bars_reach_from_a_hairline_to_the_top() -> None:
    assert draw_bars([4, None, 0, 1]) == "M0 40v-40.0h3V40zM8 40v-1.0h3V40zM12 40v-10.0h3V40z"
