"""Who may connect: a cap for all, a cap for one address, and silent ones make room."""

import ipaddress

from web.crowd import OF_ADDRESS, TOGETHER, Crowd, Visitor


def make(address: str, gone: list[str] | None = None) -> Visitor:
    return Visitor(
        address=address, give_up=lambda: (gone if gone is not None else []).append(address)
    )


def test_one_address_has_a_share() -> None:
    crowd = Crowd(most=10, most_of_address=2)
    first, second = make("192.0.2.1"), make("192.0.2.1")
    assert crowd.enter(first) is None
    assert crowd.enter(second) is None
    assert crowd.enter(make("192.0.2.1")) == OF_ADDRESS
    assert crowd.enter(make("192.0.2.2")) is None
    crowd.leave(first)
    assert crowd.enter(make("192.0.2.1")) is None


def test_a_network_of_ipv6_is_one_address() -> None:
    crowd = Crowd(most=10, most_of_address=1)
    assert crowd.enter(make("2001:db8::1")) is None
    assert crowd.enter(make("2001:db8::ffff")) == OF_ADDRESS
    assert crowd.enter(make("2001:db8:1::1")) is None


def test_this_machine_and_proxies_have_no_share_of_their_own() -> None:
    proxies = (ipaddress.ip_network("10.0.0.0/8"),)
    crowd = Crowd(most=10, most_of_address=1, proxies=proxies)
    for address in ("127.0.0.1", "::1", "", "10.1.2.3", "::ffff:127.0.0.1"):
        assert crowd.enter(make(address)) is None
        assert crowd.enter(make(address)) is None


def test_the_longest_silent_one_makes_room() -> None:
    now = [0.0]
    gone: list[str] = []
    crowd = Crowd(most=3, most_of_address=9, clock=lambda: now[0])
    busy, early, late = (make(f"192.0.2.{n}", gone) for n in (1, 2, 3))
    for visitor in (busy, early, late):
        crowd.enter(visitor)
    crowd.begin(busy)
    assert crowd.enter(make("192.0.2.4", gone)) == TOGETHER, "they have just come"
    now[0] += 2
    assert crowd.enter(make("192.0.2.4", gone)) is None
    assert gone == ["192.0.2.2"]
    assert len(crowd) == 3


def test_nobody_with_a_request_in_hand_is_given_up() -> None:
    now = [0.0]
    crowd = Crowd(most=1, most_of_address=9, clock=lambda: now[0])
    busy = make("192.0.2.1")
    crowd.enter(busy)
    crowd.begin(busy)
    assert crowd.enter(make("192.0.2.2")) == TOGETHER
    crowd.end(busy)
    now[0] += 2
    assert crowd.enter(make("192.0.2.2")) is None


def test_who_was_turned_away_counts_nowhere() -> None:
    crowd = Crowd(most=1, most_of_address=1)
    busy = make("192.0.2.1")
    crowd.enter(busy)
    crowd.begin(busy)
    assert crowd.enter(make("192.0.2.2")) == TOGETHER
    crowd.leave(busy)
    assert crowd.enter(make("192.0.2.2")) is None
