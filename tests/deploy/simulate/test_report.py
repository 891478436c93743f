"""Tables and plots of made runs."""

import dataclasses
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from deploy.settings import ROOT
from deploy.simulate import compare
from deploy.simulate.__main__ import PAST_RATES
from deploy.simulate.calibrate import Measured
from deploy.simulate.front import WebPlace
from deploy.simulate.past import find_need, write_needs, write_offers
from deploy.simulate.platforms import Platform, read_platforms
from deploy.simulate.quota import list_splits, run_quota
from deploy.simulate.report import draw, tell_seconds, write_choices, write_quota, write_table
from deploy.simulate.runs import Run, run
from deploy.simulate.scaling import Rule
from deploy.simulate.system import (
    SimulationError,
    read_assumed,
    read_start_seconds,
    read_system,
)
from deploy.simulate.traces import make_steady
from tests.deploy.simulate.systems import make_system

SYSTEM = make_system()
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
        [("poll_seconds", 5.0, [made] * 2), ("poll_seconds", 15.0, [made] * 2)], lambda _: 15
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
    run = {"jobs": 7, "p50_seconds": 0.05, "p95_seconds": 0.1, "p95_between": [0.09, 0.12]}
    seen = {"runs": {"calm-2": {"jobs": 7, "p50_seconds": 0.06, "p95_seconds": 0.2}}}
    rows = [compare.write_table({"runs": {"calm-2": run}}, known) for known in (seen, {})]
    assert [row.splitlines()[2] for row in rows] == [
        "| calm | 2 | 7 | 50 ms | 60 ms | 100 ms (90 to 120) | 200 ms |",
        "| calm | 2 | 7 | 50 ms | not yet | 100 ms (90 to 120) | not yet |",
    ]


def test_a_prediction_says_how_unsure_it_is() -> None:
    system = make_system(service_seconds=(0.05, 0.06), bell_seconds=0.001)
    runs = compare.predict(system)["runs"]
    assert set(runs) == {f"{load}-{n}" for load in ("calm", "busy", "burst") for n in (1, 2, 4)}
    low, high = runs["burst-1"]["p95_between"]
    assert low < runs["burst-1"]["p95_seconds"] < high


def test_what_was_predicted_of_other_numbers_is_not_compared(tmp_path: Path) -> None:
    system = make_system(service_seconds=(0.05, 0.06), bell_seconds=0.001)
    path = tmp_path / "prediction.json"
    with pytest.raises(SimulationError, match="predict"):
        compare.check_prediction(compare.make_traces(system), path)
    compare.save(path, compare.predict(system))
    compare.check_prediction(compare.make_traces(system), path)
    with pytest.raises(SimulationError, match="other numbers"):
        compare.check_prediction(compare.make_traces(system.scale(1.1)), path)


def test_the_page_shows_the_committed_prediction() -> None:
    told = json.loads(compare.PREDICTION.read_text())
    seen = json.loads(compare.MEASURED.read_text()) if compare.MEASURED.exists() else {}
    assert compare.write_table(told, seen) in (ROOT / "docs" / "scaling.md").read_text()


def test_the_page_is_of_the_numbers_of_today() -> None:
    page = (ROOT / "docs" / "scaling.md").read_text()
    system = read_system()
    (first, *_) = read_platforms(start_seconds=read_start_seconds())
    hint = "run `python -m deploy.simulate run` after a change of numbers or prices"
    assert write_needs(system, first, PAST_RATES) in page, hint
    assert write_offers(system, PAST_RATES[-1]) in page, hint


def test_what_calibrating_writes_can_be_read(tmp_path: Path) -> None:
    found = Measured(
        jobs=40,
        refused=0,
        p50_seconds=0.05,
        p95_seconds=0.1,
        mean_seconds=0.06,
        web_seconds=0.003,
        ledger_seconds=0.001,
        worker_seconds=0.04,
        client_seconds=0.0005,
        tell_seconds=0.002,
        busy_seconds=tuple(0.04 + 0.0001 * place for place in range(40)),
        waiting_seconds=(0.001,) * 40,
    )
    path = tmp_path / "system.toml"
    path.write_text(compare.write_system(found, found) + read_assumed())
    system = read_system(path)
    assert (system.tell_seconds, system.bell_seconds) == (0.002, 0.001)
    assert system.flood.mean_service_seconds == pytest.approx(0.042, abs=0.0002)
    assert read_start_seconds(path) == read_start_seconds()


def test_a_load_past_one_queue_server_needs_several() -> None:
    system = make_system(service_seconds=(0.04,), web_seconds=0.004, ledger_seconds=0.0005)
    need = find_need(system, PLACE, 10_000)
    assert (need.worker_cores, need.worker_instances) == (500, 250)
    assert (need.web_cores, need.cells, need.megabytes_a_second) == (50, 10, 600)


def test_the_needs_stand_in_a_column_each() -> None:
    table = write_needs(SYSTEM, PLACE, (100.0, 1000.0))
    assert table.splitlines()[0] == "| frames a second | 100 | 1,000 |"
    assert "| instances of One worker | 4 | 32 |" in table


def test_what_carries_pictures_has_its_price_by_the_formula() -> None:
    rows = write_offers(make_system(ledger_seconds=0.0005), 1000.0).splitlines()
    storage = next(row for row in rows if "object storage" in row)
    # 1,000 a second for 730 hours are 2,628 million; 5.40 dollars a million to write and read.
    assert storage.endswith("| 2,628 million x (5 + 0.4) | 14,191 |")


def test_web_is_billed_by_its_requests_where_the_platform_does_so(made: Run) -> None:
    web = WebPlace(
        rule=dataclasses.replace(RULE, least=2),
        concurrency=10,
        patience_seconds=1,
        average_seconds=1,
        cpus=1,
        gigabytes=0.5,
        price="cloud-run-service",
        idle_price=True,
    )
    summary = dataclasses.replace(made.summary, mean_web=2.0, mean_web_active=0.5)
    found = dataclasses.replace(made, platform=dataclasses.replace(PLACE, web=web), summary=summary)
    # Half an instance busy, one and a half idle.
    busy, idle = 0.000024 + 0.5 * 0.0000025, 1.5 * 0.0000025
    expected = 730 * 3600 * (0.5 * busy + 1.5 * idle)
    assert found.web_dollars_a_month == pytest.approx(expected)


def test_a_quota_leaves_an_instance_for_a_release() -> None:
    web = WebPlace(
        rule=dataclasses.replace(RULE, least=1, most=2, requests_target=200.0),
        concurrency=1200,
        patience_seconds=0,
        average_seconds=60,
        cpus=1,
        gigabytes=1,
        price="app-engine-flexible",
    )
    splits = list_splits(dataclasses.replace(PLACE, web=web))
    for split in splits:
        assert split.platform.web is not None
        assert split.platform.rule.most + split.platform.web.rule.most <= 3
    table = write_quota(run_quota(SYSTEM, splits[0].platform, people=(5, 20)))
    assert table.count("\n") == 2 + 2 * len(splits)
