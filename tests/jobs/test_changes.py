"""The one connection on which a process hears of changes."""

import logging
import re
import threading
from collections.abc import Iterator

import pytest

from jobs import changes
from jobs.changes import Changes
from jobs.ledger import Ledger
from jobs.settings import JobsSettings
from tests.conftest import QueueServer
from tests.faults.fleet import wait_until


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> Iterator[Changes]:
    """A listener that nobody tells anything, on a clock ten times as fast."""
    monkeypatch.setattr(changes, "LISTEN_SECONDS", 0.1)
    monkeypatch.setattr(changes, "SILENT_SECONDS", 0.4)
    one = Changes(Ledger.connect(JobsSettings(redis_url=redis_url)))
    with one.watch("a job"):
        yield one
    one.close()


def count_pings(server: QueueServer) -> int:
    found = re.search(r"cmdstat_ping:calls=(\d+)", server.ask("INFO", "commandstats"))
    return int(found[1]) if found else 0


def test_a_quiet_connection_is_asked_now_and_then_and_stays(
    listening: Changes, queue_server: QueueServer, caplog: pytest.LogCaptureFixture
) -> None:
    before = count_pings(queue_server)
    threading.Event().wait(1.2)  # a stretch of silence is what this is about
    assert 2 <= count_pings(queue_server) - before <= 13
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_closed_listener_says_nothing_more(
    listening: Changes,
    queue_server: QueueServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    listener, before = listening._listener, count_pings(queue_server)
    assert listener is not None
    wait_until(lambda: count_pings(queue_server) > before, "it listens", seconds=5)
    listening.close()
    monkeypatch.setattr(changes, "SILENT_SECONDS", -1.0)  # whatever it hears is too late
    listener.join(5)
    assert not listener.is_alive()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
