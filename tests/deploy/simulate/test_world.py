"""The simulated system against what can be worked out on paper."""

import dataclasses

import pytest

from deploy.simulate.front import WebPlace
from deploy.simulate.scaling import Rule
from deploy.simulate.summary import Summary, find_percentile, summarise
from deploy.simulate.system import Costs
from deploy.simulate.traces import Arrival, Trace, make_burst, make_cameras, make_steady
from deploy.simulate.world import Record, World
from tests.deploy.simulate.systems import make_system

ONE = Rule(name="one", title="", least=1, most=1, poll_seconds=15, start_seconds=0)
SCALED = Rule(
    name="scaled",
    title="",
    least=1,
    most=5,
    poll_seconds=5,
    start_seconds=5,
    interactive_target=10,
    running_target=1,
    stabilise_seconds=30,
)


def run(
    trace: Trace,
    rule: Rule = ONE,
    *,
    children: int = 1,
    cores: int | None = None,
    web: WebPlace | None = None,
    seed: int = 1,
    **fields: object,
) -> tuple[Record, Summary]:
    system = make_system(**fields)
    record = World(system, rule, children=children, seed=seed, cores=cores, web=web).run(trace)
    return record, summarise(record, trace.seconds)


def make_trace(*arrivals: Arrival, seconds: float = 60) -> Trace:
    return Trace(name="made", title="", seconds=seconds, arrivals=arrivals)


def make_impatient(trace: Trace) -> Trace:
    """Let all wait for the answer, or be refused."""
    arrivals = tuple(dataclasses.replace(one, waits=True) for one in trace.arrivals)
    return dataclasses.replace(trace, arrivals=arrivals)


def test_the_mean_wait_is_that_of_the_textbook() -> None:
    """Pollaczek and Khinchine: a queue M/D/1 at a load of 0.8 waits 0.8 / (2 * 0.2) services."""
    record, _ = run(make_steady(16, 2_500, 1))
    waits = [job.started - job.arrived for job in record.jobs]
    assert sum(waits) / len(waits) == pytest.approx(2 * 0.05, rel=0.08)


def test_two_children_on_one_core_are_no_faster_than_one() -> None:
    trace = make_trace(*[Arrival(seconds=0)] * 100)
    alone, both = (run(trace, children=children, cores=1)[1] for children in (1, 2))
    assert both.p99_seconds == pytest.approx(alone.p99_seconds, rel=0.03)


def test_two_children_with_a_core_each_are_twice_as_fast() -> None:
    trace = make_trace(*[Arrival(seconds=0)] * 100)
    alone, both = (run(trace, children=children)[1] for children in (1, 2))
    assert both.p99_seconds == pytest.approx(alone.p99_seconds / 2, rel=0.03)


def test_what_goes_over_the_limit_is_refused() -> None:
    _, summary = run(make_trace(*[Arrival(seconds=0)] * 100), max_waiting=40)
    # One is taken by the idle worker before the queue is full, or all 40 wait: by the event loop.
    assert summary.refused in {59, 60}
    assert summary.answered == 100 - summary.refused


def test_interactive_goes_first_but_for_every_eighth() -> None:
    bulk = [Arrival(seconds=0.01, bulk=True)] * 20
    single = [Arrival(seconds=0.01)] * 20
    record, _ = run(make_trace(Arrival(seconds=0), *bulk, *single))
    order = sorted(record.jobs, key=lambda job: job.started)[1:16]
    assert sum(job.bulk for job in order) == 2


def test_an_owners_first_four_are_interactive() -> None:
    folder = [Arrival(seconds=0.01, owner="one")] * 10
    record, _ = run(make_trace(Arrival(seconds=0), *folder))
    assert sum(not job.bulk for job in record.jobs if job.owner) == 4


def test_a_camera_has_one_waiting_frame() -> None:
    record, summary = run(make_cameras(300, 10, 120, 1))  # 30 a second, and 20 can be worked off
    assert summary.most_waiting <= 300
    assert summary.superseded > 500
    assert summary.unanswered == 0
    assert len(record.jobs) == summary.answered + summary.superseded


def test_a_burst_brings_instances_that_go_again() -> None:
    record, _ = run(make_trace(*[Arrival(seconds=1)] * 1500, seconds=200), SCALED)
    counts = [sample.ready for sample in record.samples]
    assert (max(counts), counts[-1]) == (5, 1)


def test_an_instance_is_paid_for_before_it_is_ready() -> None:
    record, _ = run(make_trace(*[Arrival(seconds=1)] * 1500, seconds=60), SCALED)
    assert any(sample.instances > sample.ready for sample in record.samples)


def test_scaling_down_loses_no_job() -> None:
    trace = make_trace(*[Arrival(seconds=1)] * 1000, Arrival(seconds=150), seconds=160)
    _, summary = run(trace, SCALED)
    assert (summary.answered, summary.unanswered) == (1001, 0)


@pytest.mark.parametrize(("percent", "value"), [(50, 5.0), (95, 10.0), (99, 10.0), (10, 1.0)])
def test_a_percentile_is_one_of_the_values(percent: float, value: float) -> None:
    assert find_percentile([float(one) for one in range(1, 11)], percent) == value


# ---- what holds for every run -----------------------------------------------------------------

WEB = WebPlace(
    rule=dataclasses.replace(SCALED, name="web", least=1, most=2, requests_target=40.0),
    concurrency=60,
    patience_seconds=5,
    average_seconds=10,
    cpus=1,
    gigabytes=0.5,
    price="cloud-run-service",
)
BURST = make_burst(10, 120, 5, begin=20, length=30)
RUNS = {
    "burst": (BURST, SCALED, {"max_waiting": 150}),
    "burst behind web": (BURST, SCALED, {"web": WEB, "web_seconds": 0.01}),
    "impatient burst": (make_impatient(BURST), SCALED, {"web": WEB}),
    "cameras": (make_cameras(300, 10, 60, 1), SCALED, {"web": WEB, "web_seconds": 0.002}),
}


@pytest.mark.parametrize("name", RUNS)
def test_every_picture_has_exactly_one_end(name: str) -> None:
    trace, rule, fields = RUNS[name]
    _, summary = run(trace, rule, **fields)
    ends = summary.answered + summary.refused + summary.turned_away + summary.superseded
    assert ends == summary.sent == len(trace.arrivals)
    assert summary.unanswered == 0


@pytest.mark.parametrize("name", RUNS)
def test_the_same_seed_gives_the_same_run(name: str) -> None:
    trace, rule, fields = RUNS[name]
    told = [run(trace, rule, service_seconds=(0.03, 0.06), **fields)[1] for _ in range(2)]
    assert told[0] == told[1]


def test_as_many_are_inside_as_little_says() -> None:
    """Little's law: mean number inside = rate times mean time inside, counted apart."""
    trace = make_steady(15, 2_000, 3)
    record, _ = run(trace, service_seconds=(0.03, 0.06))
    inside = [sample.waiting + sample.running for sample in record.samples]
    times = [job.ended - job.accepted for job in record.jobs]
    rate = len(times) / trace.seconds
    assert sum(inside) / len(inside) == pytest.approx(rate * sum(times) / len(times), rel=0.05)


def test_more_instances_are_never_worse_on_average() -> None:
    def find_mean(count: int) -> float:
        rule = dataclasses.replace(ONE, least=count, most=count)
        found = [
            run(make_burst(12, 60, seed, begin=10, length=10, factor=4), rule, seed=seed)[1]
            for seed in range(5)
        ]
        return sum(one.p95_seconds for one in found) / len(found)

    means = [find_mean(count) for count in (1, 2, 3, 4)]
    assert means == sorted(means, reverse=True)


def test_where_nobody_paused_for_a_while_pictures_cost_what_a_flood_costs() -> None:
    calm = Costs(service_seconds=(0.2,), web_seconds=0, ledger_seconds=0)
    record, _ = run(make_trace(Arrival(seconds=1), *[Arrival(seconds=9)] * 5), calm=calm)
    took = [round(job.ended - job.started, 3) for job in record.jobs]
    assert took == [0.2, 0.2, 0.2, 0.2, 0.05, 0.05]  # half a second is over with the third
