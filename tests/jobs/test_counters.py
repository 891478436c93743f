"""Counts of one process: kept until they are sent, then added to the ledger's."""

import re

import pytest

from jobs.counters import BOUNDS, METRICS, STATS, Counters, name_counter
from jobs.errors import LedgerUnavailable
from jobs.ledger import Ledger
from jobs.settings import JobsSettings
from tests.conftest import ROOT, QueueServer


def test_processes_add_to_the_same_counts(ledger: Ledger) -> None:
    for _ in range(2):
        counters = Counters()
        counters.add(name_counter("requests", "GET"), 3)
        counters.send(ledger.client)
    assert ledger.client.hgetall(METRICS) == {b"requests|GET": b"6"}


def test_what_was_sent_is_not_sent_again(ledger: Ledger) -> None:
    counters = Counters()
    counters.add("a")
    counters.send(ledger.client)
    counters.send(ledger.client)
    assert ledger.client.hget(METRICS, "a") == b"1"


def test_a_duration_is_counted_in_the_first_bucket_that_holds_it(ledger: Ledger) -> None:
    counters = Counters()
    for milliseconds in (0.2, 1.0, 1.01, 2_000_000):
        counters.observe("stage|p|s", milliseconds)
    counters.send(ledger.client)
    assert ledger.client.hgetall(METRICS) == {
        b"stage|p|s|1": b"2",
        b"stage|p|s|2.5": b"1",
        b"stage|p|s|inf": b"1",
        b"stage|p|s|sum": b"2000002210",
    }


def test_refusals_of_all_kinds_are_also_counted_together(ledger: Ledger) -> None:
    counters = Counters()
    counters.add(name_counter("refused", "queue_full"), 2)
    counters.add(name_counter("refused", "image_damaged"))
    counters.send(ledger.client)
    assert ledger.client.hget(STATS, "refused") == b"3"


def test_counts_outlast_a_redis_that_is_away(own_queue_server: QueueServer) -> None:
    client = Ledger.connect(JobsSettings(redis_url=own_queue_server.url)).client
    counters = Counters()
    counters.add("a")
    own_queue_server.kill()
    with pytest.raises(LedgerUnavailable):
        counters.send(client)
    counters.add("a")
    own_queue_server.start()
    counters.send(client)
    assert client.hget(METRICS, "a") == b"2"


def test_a_name_cannot_be_made_into_two() -> None:
    assert name_counter("refused", "a|b") == "refused|a/b"


def test_the_script_has_the_same_bounds() -> None:
    source = (ROOT / "jobs/lua/sweep.lua").read_text()
    found = re.search(r"BOUNDS = \{(.*?)\}", source)
    assert found is not None
    assert tuple(float(bound) for bound in found[1].split(",")) == BOUNDS
