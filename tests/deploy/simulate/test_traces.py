"""The traces that the simulation is fed."""

from collections import Counter

import pytest

from deploy.simulate.traces import Trace, make_burst, make_cameras, make_day, make_steady

TRACES = [
    make_steady(20, 300, 1),
    make_burst(5, 300, 1, begin=100, length=50),
    make_day(20, 600, 1),
    make_cameras(100, 10, 120, 1),
]


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.name)
def test_arrivals_come_in_the_order_of_time(trace: Trace) -> None:
    times = [arrival.seconds for arrival in trace.arrivals]
    assert times == sorted(times)
    assert 0 <= times[0] <= times[-1] < trace.seconds


def test_the_same_seed_gives_the_same_trace() -> None:
    assert make_steady(20, 300, 7) == make_steady(20, 300, 7)
    assert make_steady(20, 300, 7) != make_steady(20, 300, 8)


def test_a_steady_trace_has_its_rate() -> None:
    count = len(make_steady(20, 1000, 1).arrivals)
    assert 19_400 < count < 20_600  # 20,000 and four standard deviations to each side


def test_a_burst_is_ten_times_the_rest() -> None:
    arrivals = make_burst(20, 1000, 1, begin=500, length=100).arrivals
    within = sum(500 <= one.seconds < 600 for one in arrivals)
    before = sum(400 <= one.seconds < 500 for one in arrivals)
    assert 8.5 < within / before < 11.5


def test_a_day_is_busiest_after_noon() -> None:
    hours = Counter(int(24 * one.seconds / 2400) for one in make_day(50, 2400, 1).arrivals)
    assert hours.most_common(1)[0][0] in {12, 13, 19, 20}
    assert hours[3] < hours[13] / 10


def test_every_camera_sends_about_every_ten_seconds() -> None:
    cameras = Counter(one.camera for one in make_cameras(100, 10, 120, 1).arrivals)
    assert len(cameras) == 100
    assert set(cameras.values()) <= {11, 12, 13}
