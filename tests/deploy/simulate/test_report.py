"""Tables and plots of made runs."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from deploy.simulate import compare
from deploy.simulate.past import find_need, write_needs
from deploy.simulate.platforms import Platform
from deploy.simulate.report import draw, tell_seconds, write_choices, write_table
from deploy.simulate.runs import Run, run
from deploy.simulate.scaling import Rule
from deploy.simulate.system import System
from deploy.simulate.traces import make_steady

SYSTEM = System(service_seconds=(0.05,), web_seconds=0, ledger_seconds=0, bell_seconds=0)
RULE = Rule(name="one", title="One worker", least=1, most=1, poll_seconds=15, start_seconds=0)
PLACE = Platform(rule=RULE, children=2, cpus=2, gigabytes=2, price="cloud-run-worker-pool")


@pytest.fixture(scope="module")
def made() -> Run:
    return run(SYSTEM, make_steady(5, 60, 1), PLACE)


def test_a_row_tells_the_load_the_platform_and_the_times(made: Run) -> None:
    row = write_table([made]).splitlines()[2]
    assert row.startswith("| steady, 5 photos a second | One worker |")
    assert "| 50 ms |" in row
    assert row.count("|") == write_table([made]).splitlines()[0].count("|")


def test_the_price_is_that_of_the_table(made: Run) -> None:
    # 2 processors and 2 GB for 730 hours at the listed prices.
    expected = 730 * 3600 * (2 * 0.000011244 + 2 * 0.000001235)
    assert made.dollars_a_month == pytest.approx(expected)


def test_the_shipped_value_is_marked(made: Run) -> None:
    table = write_choices(
        [("poll_seconds", 5.0, [made] * 2), ("poll_seconds", 15.0, [made] * 2)], RULE
    )
    assert "**15**" in table
    assert "**5**" not in table


def test_a_plot_is_drawn_as_png_and_svg(made: Run, tmp_path: Path) -> None:
    paths = {path.suffix: path for path in draw([made], tmp_path)}
    assert paths[".png"].read_bytes().startswith(b"\x89PNG")
    assert ElementTree.parse(paths[".svg"]).getroot().tag.endswith("svg")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0504, "50 ms"), (1.25, "1.2 s"), (12.0, "12.0 s")]
)
def test_times_are_told_as_people_read_them(seconds: float, text: str) -> None:
    assert tell_seconds(seconds) == text


def test_prediction_and_measurement_stand_side_by_side() -> None:
    told = {"runs": {"calm-2": {"p50_seconds": 0.05, "p95_seconds": 0.1}}}
    seen = {"runs": {"calm-2": {"jobs": 7, "p50_seconds": 0.06, "p95_seconds": 0.2}}}
    row = compare.write_table(told, seen).splitlines()[2]
    assert row == "| calm | 2 | 7 | 50 ms | 60 ms | 100 ms | 200 ms |"


def test_a_load_past_one_queue_server_needs_several() -> None:
    system = System(
        service_seconds=(0.04,), web_seconds=0.004, ledger_seconds=0.0005, bell_seconds=0
    )
    need = find_need(system, PLACE, 10_000)
    assert (need.worker_cores, need.worker_instances) == (500, 250)
    assert (need.web_cores, need.cells, need.megabytes_a_second) == (50, 10, 600)


def test_the_needs_stand_in_a_column_each() -> None:
    table = write_needs(SYSTEM, PLACE, (100.0, 1000.0))
    assert table.splitlines()[0] == "| frames a second | 100 | 1,000 |"
    assert "| instances of One worker | 4 | 32 |" in table
