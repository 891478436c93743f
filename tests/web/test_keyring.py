"""What one web process remembers of grants, and for how long."""

from dataclasses import dataclass, field

import pytest

from jobs.errors import LedgerUnavailable
from jobs.grants import Grant, GrantStore, Scope
from web.keyring import FRESH_SECONDS, Keyring


@dataclass
class Clock:
    """Seconds that a test may turn on."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Counting(GrantStore):
    """A store that counts what it is asked."""

    asked = 0
    noted: list[str] = field(default_factory=list)

    def find(self, grant_id: str) -> Grant | None:
        self.asked += 1
        return super().find(grant_id)

    def note_use(self, grant_id: str) -> None:
        self.noted = [*self.noted, grant_id]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(client, clock: Clock) -> Counting:
    store = Counting(client.ledger.client, clock=clock)
    store.noted = []
    return store


@pytest.fixture
def keyring(store: Counting, clock: Clock) -> Keyring:
    return Keyring(store, clock=clock)


def make(store: GrantStore, seconds: float = 3600) -> str:
    return store.make_key("phone", [Scope.READ], seconds)[1]


def test_a_known_key_costs_one_question_in_five_seconds(
    keyring: Keyring, store: Counting, clock: Clock
) -> None:
    text = make(store)
    for _ in range(100):
        assert keyring.find_key(text)
    assert store.asked == 1
    clock.seconds += FRESH_SECONDS
    keyring.find_key(text)
    assert store.asked == 2


def test_a_revoked_key_works_for_five_seconds_at_most(
    keyring: Keyring, store: Counting, clock: Clock
) -> None:
    text = make(store)
    grant = keyring.find_key(text)
    assert grant is not None
    store.revoke(grant.id)
    clock.seconds += FRESH_SECONDS
    assert keyring.find_key(text) is None


def test_a_key_that_runs_out_ends_at_once(keyring: Keyring, store: Counting, clock: Clock) -> None:
    text = make(store, seconds=1)
    assert keyring.find_key(text)
    clock.seconds += 1
    assert keyring.find_key(text) is None


def test_a_new_key_works_at_once(keyring: Keyring, store: Counting) -> None:
    text = make(store)
    assert keyring.find_key("spotter_0123456789_" + "a" * 43) is None
    assert keyring.find_key(text)


def test_the_right_id_with_another_secret_is_nothing(keyring: Keyring, store: Counting) -> None:
    text = make(store)
    keyring.find_key(text)
    assert keyring.find_key(text[:-43] + "a" * 43) is None


def test_what_is_no_key_costs_no_question(keyring: Keyring, store: Counting) -> None:
    assert keyring.find_key("x" * 5000) is None
    assert store.asked == 0


def test_a_key_signs_no_browser_in_and_a_browser_is_no_key(
    keyring: Keyring, store: Counting
) -> None:
    key, _ = store.make_key("phone", [Scope.READ], 60)
    browser = store.take_link(store.make_link("anna", [Scope.READ], 60))
    assert browser is not None
    assert keyring.find_browser(key.id) is None
    assert keyring.find_browser(browser.id) == browser


def test_the_last_use_is_noted_once_a_minute(
    keyring: Keyring, store: Counting, clock: Clock
) -> None:
    text = make(store)
    for _ in range(10):
        keyring.find_key(text)
    assert len(store.noted) == 1
    clock.seconds += 60
    keyring.find_key(text)
    assert len(store.noted) == 2


def test_a_use_that_cannot_be_noted_stops_nobody(store: Counting, clock: Clock) -> None:
    class Full(Counting):
        def note_use(self, grant_id: str) -> None:
            raise LedgerUnavailable("full")

    keyring = Keyring(Full(store._client, clock=clock), clock=clock)
    assert keyring.find_key(make(store))
