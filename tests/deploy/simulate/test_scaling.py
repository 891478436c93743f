"""The rules of the platforms, one at a time."""

import dataclasses

import pytest

from deploy.simulate.scaling import Rule, Scaler, Seen

RULE = Rule(
    name="made",
    title="made",
    least=1,
    most=10,
    poll_seconds=15,
    start_seconds=10,
    interactive_target=20,
    bulk_target=200,
    running_target=2,
)


def change(**fields: object) -> Rule:
    return dataclasses.replace(RULE, **fields)


@pytest.mark.parametrize(
    ("seen", "wish"),
    [
        (Seen(interactive=0, bulk=0, running=0), 0),
        (Seen(interactive=21, bulk=0, running=0), 2),
        (Seen(interactive=0, bulk=0, running=5), 3),
        (Seen(interactive=100, bulk=0, running=2), 5),
        (Seen(interactive=20, bulk=601, running=2), 4),
    ],
)
def test_the_wish_is_the_largest_of_the_counts(seen: Seen, wish: int) -> None:
    assert RULE.wish(seen, ready=1) == wish


def test_a_busy_rule_counts_processors() -> None:
    rule = change(interactive_target=None, bulk_target=None, running_target=None, busy_target=0.5)
    assert rule.wish(Seen(interactive=900, bulk=0, running=9, busy_share=0.9), ready=4) == 8


def test_requests_in_hand_are_counted_for_web() -> None:
    rule = change(requests_target=120.0)
    assert rule.wish(Seen(requests=121), ready=1) == 2


def test_requests_without_a_place_ask_for_more_than_is_ready() -> None:
    rule = change(requests_target=120.0)
    assert rule.wish(Seen(requests=10, unplaced=130), ready=2) == 4


def test_a_wish_stays_between_least_and_most() -> None:
    scaler = Scaler(rule=change(grow_count=100))
    assert scaler.decide(0, Seen(interactive=9999, bulk=0, running=0), instances=1, ready=1) == 10
    assert scaler.decide(99, Seen(interactive=0, bulk=0, running=0), instances=10, ready=10) == 1


def test_growth_is_bounded_in_one_look() -> None:
    scaler = Scaler(rule=change(grow_count=1, grow_factor=2.0))
    assert scaler.decide(0, Seen(interactive=900, bulk=0, running=0), instances=3, ready=3) == 6


def test_growth_waits_for_the_next_step() -> None:
    scaler = Scaler(rule=change(grow_count=1, grow_seconds=15))
    scaler.decide(0, Seen(interactive=900, bulk=0, running=0), instances=1, ready=1)
    assert scaler.decide(5, Seen(interactive=900, bulk=0, running=0), instances=2, ready=1) == 2


def test_a_smaller_wish_must_last() -> None:
    scaler = Scaler(rule=change(stabilise_seconds=60))
    scaler.decide(0, Seen(interactive=100, bulk=0, running=0), instances=5, ready=5)
    idle = Seen(interactive=0, bulk=0, running=0)
    assert scaler.decide(30, idle, instances=5, ready=5) == 5
    assert scaler.decide(90, idle, instances=5, ready=5) == 1


def test_shrinking_is_one_at_a_time_where_the_platform_says_so() -> None:
    scaler = Scaler(rule=change(shrink_count=1, shrink_seconds=60))
    idle = Seen(interactive=0, bulk=0, running=0)
    found = [scaler.decide(at, idle, instances=5, ready=5) for at in (0, 30)]
    assert found == [4, 5]


def test_running_jobs_keep_their_workers() -> None:
    scaler = Scaler(rule=RULE)
    assert scaler.decide(0, Seen(interactive=0, bulk=0, running=10), instances=5, ready=5) == 5
