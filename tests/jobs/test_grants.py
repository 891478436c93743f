"""Keys, signed-in browsers and sign-in links, on a real Redis."""

import hashlib
from dataclasses import dataclass
from typing import Any

import pytest
import redis

from jobs.connection import connect
from jobs.grants import GrantStore, Scope, split_key

USUAL = (Scope.SUBMIT, Scope.READ)
DAY = 24 * 3600.0


@dataclass
class Clock:
    """Seconds since 1970 that a test may turn on."""

    seconds: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(redis_url: str, clock: Clock) -> GrantStore:
    return GrantStore(connect(redis_url), clock=clock)


def test_a_key_is_found_by_its_id_and_known_by_its_secret(store: GrantStore) -> None:
    made, text = store.make_key("phone", USUAL, DAY)
    parts = split_key(text)
    assert parts is not None
    found = store.find(parts[0])
    assert found == made
    assert found.has_secret(parts[1])
    assert not found.has_secret(parts[1][:-1] + ("A" if parts[1][-1] != "A" else "B"))


def test_a_key_holds_32_random_bytes(store: GrantStore) -> None:
    texts = {store.make_key("phone", USUAL, DAY)[1] for _ in range(50)}
    secrets = {split_key(text)[1] for text in texts}  # type: ignore[index]
    assert len(secrets) == 50
    assert {len(secret) for secret in secrets} == {43}  # 32 bytes in base64


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "spotter_", "spotter_0123456789_short", "spotter_XYZ3456789_" + "a" * 43),
        *("Spotter_0123456789_" + "a" * 43, "spotter_0123456789_" + "é" * 43),
        "spotter_0123456789_" + "a" * 43 + "\n",
    ],
)
def test_what_is_no_key_is_told_without_a_question(text: str) -> None:
    assert split_key(text) is None


def test_whoever_reads_all_of_redis_finds_no_key_and_no_link(
    store: GrantStore, redis_url: str
) -> None:
    _, text = store.make_key("phone", USUAL, DAY)
    token = store.make_link("anna", USUAL, DAY)
    client = redis.Redis.from_url(redis_url)
    found = repr([(name, read(client, name)) for name in client.scan_iter()]).encode()
    assert hashlib.sha256(token.encode()).hexdigest().encode() in found
    assert text.rpartition("_")[2].encode() not in found
    assert text[-43:].encode() not in found
    assert token.encode() not in found


def read(client: Any, name: bytes) -> Any:
    return client.get(name) if client.type(name) == b"string" else client.hgetall(name)


def test_a_grant_without_a_secret_is_opened_by_none(store: GrantStore) -> None:
    grant = store.take_link(store.make_link("anna", USUAL, DAY))
    assert grant is not None
    assert not grant.has_secret("")
    assert not grant.has_secret("0" * 43)


def test_a_grant_runs_out(store: GrantStore, clock: Clock) -> None:
    grant, _ = store.make_key("phone", USUAL, DAY)
    assert grant.is_live(store.now_ms())
    clock.seconds += DAY
    assert not grant.is_live(store.now_ms())


def test_what_is_revoked_is_gone(store: GrantStore) -> None:
    grant, _ = store.make_key("phone", USUAL, DAY)
    store.note_use(grant.id)
    assert store.revoke(grant.id)
    assert store.find(grant.id) is None
    assert store.list() == []
    assert not store.revoke(grant.id)


def test_the_list_tells_names_scopes_and_last_use(store: GrantStore, clock: Clock) -> None:
    first, _ = store.make_key("phone", USUAL, DAY)
    clock.seconds += 60
    store.make_key("monitor", (Scope.ADMIN,), DAY)
    store.note_use(first.id)
    listed = store.list()
    assert [(grant.name, grant.scopes) for grant in listed] == [
        ("phone", {Scope.SUBMIT, Scope.READ}),
        ("monitor", {Scope.ADMIN}),
    ]
    assert [grant.used_ms for grant in listed] == [clock.seconds * 1000, None]


def test_what_ran_out_is_listed_for_a_month_and_then_forgotten(
    store: GrantStore, clock: Clock
) -> None:
    store.make_key("phone", USUAL, DAY)
    clock.seconds += 30 * DAY
    assert len(store.list()) == 1
    clock.seconds += 2 * DAY
    assert store.list() == []


def test_a_link_is_good_for_one_browser(store: GrantStore) -> None:
    token = store.make_link("anna", USUAL, DAY)
    assert store.look_at_link(token) == store.look_at_link(token)
    grant = store.take_link(token)
    assert grant is not None
    assert (grant.name, grant.is_browser, grant.scopes) == ("anna", True, set(USUAL))
    assert store.find(grant.id) == grant
    assert store.take_link(token) is None
    assert store.look_at_link(token) is None


def test_a_link_waits_a_day(store: GrantStore, redis_url: str) -> None:
    store.make_link("anna", USUAL, DAY)
    client = redis.Redis.from_url(redis_url)
    [name] = client.scan_iter("spotter:link:*")
    assert 24 * 3600 - 60 < client.ttl(name) <= 24 * 3600


@pytest.mark.parametrize("token", ["", "x", "é", "a" * 5000])
def test_an_invented_link_gives_nothing(store: GrantStore, token: str) -> None:
    assert store.look_at_link(token) is None
    assert store.take_link(token) is None
