"""The simulated ledger decides as the real one does."""

import re

import pytest

from deploy.settings import ROOT
from deploy.simulate import ledger
from deploy.simulate.ledger import Job, Ledger
from tests.deploy.simulate.systems import make_system


def fill(count: int, **fields: object) -> Ledger:
    """Return the ledger of one child that needs 50 ms a picture, with so many pictures waiting."""
    made = Ledger(make_system(**fields))
    for _ in range(2):
        made.take(Job(arrived=0.0), 0.0, children=1)
    made.finish(made.lease(0.0), 0.05)
    made.lease(0.05)
    for _ in range(count):
        made.take(Job(arrived=0.05), 0.05, children=1)
    return made


@pytest.mark.parametrize(
    ("file", "pattern", "expected"),
    [
        ("accept", r"BULK_EXTRA, OWN_TIMES = 8 / 7, ([\d.]+)", (ledger.OWN_TIMES,)),
        ("accept", r"HEAVY, LIGHT = .*, ([\d.]+), ([\d.]+)", (ledger.HEAVY, ledger.LIGHT)),
        ("advance", r"SHARE = .*, 1 / (\d+)", (1 / ledger.SHARE,)),
    ],
)
def test_the_numbers_are_those_of_the_scripts(
    file: str, pattern: str, expected: tuple[float, ...]
) -> None:
    found = re.search(pattern, (ROOT / f"jobs/lua/{file}.lua").read_text())
    assert found is not None, "the script has changed: let the simulation follow it"
    assert tuple(map(float, found.groups())) == expected


def test_an_answer_is_estimated_as_the_script_does() -> None:
    # 7 ahead of it, every eighth lease is bulk work, and its own time and a half.
    assert fill(7).estimate_answer(1) == pytest.approx(0.05 * (7 * 8 / 7 + 1.5))


def test_nobody_is_late_where_a_child_is_free() -> None:
    assert fill(0).estimate_answer(2) == 0


def test_who_waits_is_refused_where_the_answer_would_be_late() -> None:
    # 12 ahead: 0.05 * (12 * 8 / 7 + 1.5) = 0.76 s of at most 0.8; 13 ahead: 0.82 s.
    assert fill(12).take(Job(arrived=0.05, waits=True), 0.05, children=1) == ""
    assert fill(13).take(Job(arrived=0.05, waits=True), 0.05, children=1) == "late"


def test_who_does_not_wait_is_put_aside_instead() -> None:
    made = fill(40)
    assert (len(made.interactive), len(made.bulk)) == (13, 27)


def test_over_the_limit_nothing_is_taken() -> None:
    made = fill(40, max_waiting=40)
    assert made.take(Job(arrived=0.05), 0.05, children=1) == "depth"


def test_a_newer_frame_has_a_place_even_then() -> None:
    made = fill(39, max_waiting=40)
    older, newer = Job(arrived=0.05, camera="a"), Job(arrived=0.06, camera="a")
    assert [made.take(job, job.arrived, children=1) for job in (older, newer)] == ["", ""]
    assert (older.superseded, older.ended, made.waiting) == (True, 0.06, 40)
