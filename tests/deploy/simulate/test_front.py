"""Web's places and instances under the platform's rule."""

import dataclasses

import pytest

from deploy.simulate.front import WebPlace
from deploy.simulate.scaling import Rule
from deploy.simulate.summary import Summary, summarise
from deploy.simulate.traces import Arrival, Trace, make_steady
from deploy.simulate.world import Record, World
from tests.deploy.simulate.systems import make_system

WORKERS = Rule(name="workers", title="", least=1, most=1, poll_seconds=15, start_seconds=0)
PLACE = WebPlace(
    rule=Rule(
        name="web",
        title="",
        least=1,
        most=4,
        poll_seconds=5,
        start_seconds=2,
        requests_target=6,
        busy_target=0.6,
        grow_count=9,
        grow_seconds=0,
        stabilise_seconds=30,
    ),
    concurrency=10,
    patience_seconds=10,
    average_seconds=20,
    cpus=1,
    gigabytes=0.5,
    price="cloud-run-service",
)


def change(**fields: object) -> WebPlace:
    """Return the place with other values of its rule, or its own."""
    own = {name: fields.pop(name) for name in list(fields) if hasattr(PLACE, name)}
    return dataclasses.replace(PLACE, rule=dataclasses.replace(PLACE.rule, **fields), **own)


def run(
    trace: Trace, web: WebPlace, *, children: int = 1, **fields: object
) -> tuple[Record, Summary]:
    system = make_system(web_ready_seconds=1.0, **fields)
    record = World(system, WORKERS, children=children, seed=1, web=web).run(trace)
    return record, summarise(record, trace.seconds)


def make_crowd(count: int, seconds: float = 60) -> Trace:
    """So many people who send a picture in the same moment."""
    return Trace(name="crowd", title="", seconds=seconds, arrivals=(Arrival(seconds=1.0),) * count)


def test_a_request_is_in_hand_until_its_answer() -> None:
    record, _ = run(make_crowd(8), change(), service_seconds=(1.5,))
    by_second = [sample.requests for sample in record.samples]
    assert by_second[2:6] == [8, 7, 7, 6]


def test_who_finds_no_place_in_time_is_turned_away() -> None:
    # Ten places, no second instance, two seconds a picture: after ten seconds five were answered.
    web = change(most=1, patience_seconds=10.5)
    _, summary = run(make_crowd(30), web, service_seconds=(2.0,))
    assert (summary.answered, summary.turned_away) == (15, 15)


def test_more_instances_have_more_places() -> None:
    # The second instance takes two seconds and its own start, so that it is there in time.
    _, summary = run(make_crowd(30), change(), service_seconds=(2.0,))
    assert (summary.answered, summary.turned_away) == (30, 0)
    assert summary.most_web >= 3


def test_instances_come_by_requests_in_hand_and_go_again() -> None:
    record, _ = run(make_crowd(9, seconds=200), change(), service_seconds=(5.0,))
    counts = [sample.web_instances for sample in record.samples]
    assert (max(counts), counts[-1]) == (2, 1)  # nine are more than six, and fewer than twelve


def test_instances_come_by_busy_processors() -> None:
    trace = make_steady(100, 60, 1)  # at 9 ms each more than 60 % of one processor
    web = change(concurrency=1000, requests_target=600.0)
    _, summary = run(trace, web, web_seconds=0.009, service_seconds=(0.001,))
    assert summary.most_web == 2


def test_one_process_has_one_core() -> None:
    record, _ = run(make_crowd(5), change(most=1), web_seconds=0.5, service_seconds=(0.001,))
    accepted = [job.accepted for job in record.jobs]
    assert accepted == pytest.approx([1.5, 2.0, 2.5, 3.0, 3.5])


def test_from_nothing_the_first_waits_for_a_start() -> None:
    _, summary = run(make_crowd(1), change(least=0))
    assert 2 + 1 <= summary.p50_seconds <= 5 + 2 + 1 + 0.1


def test_a_superseded_frame_gives_its_place_back() -> None:
    arrivals = tuple(Arrival(seconds=second, camera="a") for second in (1.0, 1.1, 1.2, 1.3))
    trace = Trace(name="camera", title="", seconds=20, arrivals=arrivals)
    record, summary = run(trace, change(concurrency=3, most=1), service_seconds=(5.0,))
    assert (summary.answered, summary.superseded, summary.turned_away) == (2, 2, 0)
    assert max(sample.requests for sample in record.samples) == 2


def test_an_instance_is_handed_no_more_than_its_places() -> None:
    web = change(most=1, patience_seconds=0.1)
    _, summary = run(make_crowd(11), web, service_seconds=(5.0,))
    assert (summary.answered, summary.turned_away) == (10, 1)


def test_who_finds_no_place_is_seen_at_once_and_not_on_average() -> None:
    trace = dataclasses.replace(make_crowd(30), arrivals=(Arrival(seconds=51.0),) * 30, seconds=60)
    record, _ = run(trace, change(average_seconds=60), service_seconds=(5.0,))
    counts = {sample.seconds: sample.web_instances for sample in record.samples}
    assert (counts[54], counts[56]) == (1, 4)
