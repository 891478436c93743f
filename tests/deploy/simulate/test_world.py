"""The simulated system against what can be worked out on paper."""

import dataclasses

import pytest

from deploy.simulate.scaling import Rule
from deploy.simulate.summary import Summary, find_percentile, summarise
from deploy.simulate.system import System
from deploy.simulate.traces import Arrival, Trace, make_cameras, make_steady
from deploy.simulate.world import Record, World

# A worker that takes exactly 50 ms, and nothing else that costs time.
SYSTEM = System(service_seconds=(0.05,), web_seconds=0, ledger_seconds=0, bell_seconds=0)
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
    trace: Trace, rule: Rule = ONE, *, children: int = 1, cores: int | None = None, **fields: object
) -> tuple[Record, Summary]:
    system = dataclasses.replace(SYSTEM, **fields)
    record = World(system, rule, children=children, seed=1, cores=cores).run(trace)
    return record, summarise(record, trace.seconds)


def make_trace(*arrivals: Arrival, seconds: float = 60) -> Trace:
    return Trace(name="made", title="", seconds=seconds, arrivals=arrivals)


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


def test_the_same_seed_gives_the_same_run() -> None:
    trace = make_steady(15, 100, 1)
    assert (
        run(trace, service_seconds=(0.03, 0.06))[1] == run(trace, service_seconds=(0.03, 0.06))[1]
    )


@pytest.mark.parametrize(("percent", "value"), [(50, 5.0), (95, 10.0), (99, 10.0), (10, 1.0)])
def test_a_percentile_is_one_of_the_values(percent: float, value: float) -> None:
    assert find_percentile([float(one) for one in range(1, 11)], percent) == value
