"""What a request may ask, and what is said where it may not."""

from types import SimpleNamespace
from typing import Any

import pytest

from web.errors import Problem
from web.parameters import (
    Order,
    read_idempotency_key,
    read_order,
    read_page,
    read_preference,
    read_wait,
)

ONE: Any = {"zomato-rider": SimpleNamespace()}
TWO: Any = {**ONE, "doodle": SimpleNamespace()}


def test_the_only_pipeline_need_not_be_named() -> None:
    assert read_order({}, ONE) == Order(pipeline="zomato-rider")


def test_of_two_pipelines_one_must_be_named() -> None:
    with pytest.raises(Problem, match="zomato-rider, doodle") as caught:
        read_order({}, TWO)
    assert caught.value.code == "pipeline_unknown"


@pytest.mark.parametrize("name", ["none", "Zomato-Rider", "ゾマト", "../x", "a" * 5000, "x\0"])
def test_an_unknown_pipeline_names_those_that_exist(name: str) -> None:
    with pytest.raises(Problem, match="zomato-rider") as caught:
        read_order({"pipeline": name}, ONE)
    assert caught.value.status == 422
    assert len(caught.value.detail) < 500


@pytest.mark.parametrize("name", ["gate", "Gate_2.left-hand", "x" * 64])
def test_a_camera_has_a_plain_name(name: str) -> None:
    assert read_order({"camera": name}, ONE).camera == name


@pytest.mark.parametrize("name", ["a b", "x" * 65, "é", "../x/", "a\n", "a\0", "a:b"])
def test_another_camera_is_refused(name: str) -> None:
    with pytest.raises(Problem, match="camera"):
        read_order({"camera": name}, ONE)


@pytest.mark.parametrize(("text", "seconds"), [("1", 1.0), ("0.5", 0.5), ("604800", 604800.0)])
def test_the_longest_wait_is_in_seconds(text: str, seconds: float) -> None:
    assert read_order({"max_wait": text}, ONE).max_wait_seconds == seconds


@pytest.mark.parametrize(
    "text", ["0", "-1", "nan", "inf", "1e3", "604801", "٣", "0x9", "1 ", "9" * 99]
)
def test_a_wait_that_is_no_wait_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="max_wait"):
        read_order({"max_wait": text}, ONE)


@pytest.mark.parametrize("key", [None, "a", "a b~", "x" * 255])
def test_an_idempotency_key_is_printable(key: str | None) -> None:
    assert read_idempotency_key(key) == key


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
def test_another_idempotency_key_is_refused(key: str) -> None:
    with pytest.raises(Problem, match="Idempotency-Key"):
        read_idempotency_key(key)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=10", 10),
        ("wait=0", 0),
        ("wait=99", 30),
        ("WAIT = 5", 5),
        ('respond-async, wait="7"', 7),
        ("wait=3; foo=bar", 3),
        ("wait=1, wait=2", 1),
        ("", None),
        ("respond-async", None),
        ("wait", None),
        ("wait=soon", None),
        ("wait=-1", None),
        ("wait=1.5", None),
        ("wait=nan", None),
        ("await=9", None),
        ("wait=soon, wait=4", 4),
        (",,;=", None),
    ],
)
def test_the_preference_to_wait_is_read_as_rfc_7240_says(header: str, seconds: int | None) -> None:
    assert read_preference(header, most_seconds=30) == seconds


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("1.5", 1.5), ("31", 30), ("9" * 9, 30)])
def test_a_reader_waits_at_most_so_long(text: str, seconds: float) -> None:
    assert read_wait({"wait": text}, most_seconds=30) == seconds


@pytest.mark.parametrize("text", ["", "-1", "nan", "soon", "1e9"])
def test_a_reader_that_cannot_say_how_long_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="wait"):
        read_wait({"wait": text}, most_seconds=30)


@pytest.mark.parametrize(
    "args", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"limit": "²"}, {"cursor": "x"}]
)
def test_a_page_that_cannot_be_is_refused(args: dict[str, str]) -> None:
    with pytest.raises(Problem):
        read_page(args)


def test_a_page_has_20_jobs_unless_told() -> None:
    assert read_page({}) == (20, None)
    assert read_page({"limit": "100", "cursor": "1795000000000.25"}) == (100, 1795000000000.25)
