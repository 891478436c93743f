"""What a platform's probes are told about a worker."""

import http.client

import pytest

from jobs.errors import LedgerUnavailable
from worker.health import FRESH_SECONDS, MISSED_SECONDS, Health


class Ledger:
    """Sees what it is told to see; `children` None: it cannot be reached."""

    def __init__(self) -> None:
        self.children: list[str] | None = ["here-7"]

    def find(self) -> list[str]:
        if self.children is None:
            raise LedgerUnavailable("Redis is away")
        return self.children


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(ledger: Ledger, clock: Clock) -> Health:
    return Health(ledger.find, 0, clock=clock)


def ask(health: Health, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", health.port, timeout=5)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_worker_is_ready_once_a_child_was_seen(health: Health) -> None:
    assert not health.is_ready
    health.look()
    assert health.is_ready


def test_it_is_not_ready_any_more_when_that_was_long_ago(health: Health, clock: Clock) -> None:
    health.look()
    clock.now += FRESH_SECONDS
    assert not health.is_ready


def test_one_whose_children_are_missed_for_long_is_not_alive(
    health: Health, ledger: Ledger, clock: Clock
) -> None:
    ledger.children = []
    health.look()
    clock.now += MISSED_SECONDS - 1
    assert health.is_alive
    clock.now += 1
    assert not health.is_alive


def test_children_that_come_back_make_it_alive_again(
    health: Health, ledger: Ledger, clock: Clock
) -> None:
    ledger.children = []
    health.look()
    clock.now += MISSED_SECONDS
    ledger.children = ["here-8"]
    health.look()
    assert health.is_alive


def test_a_ledger_that_is_away_says_nothing_against_a_worker(
    health: Health, ledger: Ledger, clock: Clock
) -> None:
    ledger.children = []
    health.look()
    ledger.children = None
    clock.now += MISSED_SECONDS
    health.look()
    assert health.is_alive
    assert not health.is_ready


def test_it_answers_over_http(health: Health, ledger: Ledger) -> None:
    health.look()
    health.start()
    assert [ask(health, path) for path in ("/healthz", "/readyz?x=1", "/")] == [200, 200, 404]


def test_what_speaks_against_it_is_a_503(health: Health, ledger: Ledger, clock: Clock) -> None:
    ledger.children = []
    health.look()
    clock.now += MISSED_SECONDS
    health.start()
    assert (ask(health, "/healthz"), ask(health, "/readyz")) == (503, 503)
