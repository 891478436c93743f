"""Children that cannot load their models neither take work nor wear the machine out."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.messages import JobState
from tests.conftest import QueueServer
from tests.faults.fleet import Fleet, Sender, wait_until


@pytest.fixture(scope="module")
def hapless(queue_server: QueueServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One fleet for all tests; the last one ends it."""
    queue_server.ask("FLUSHALL")
    log: Path = tmp_path_factory.mktemp("hapless") / "worker.log"
    fleet = Fleet(url=queue_server.url, log=log, environment={"POISON_LOAD": "1"})
    fleet.start(wait=False)
    wait_until(lambda: len(fleet.find_events("models_not_loaded")) >= 2, "two failed children")
    yield fleet
    fleet.kill()


def test_they_are_replaced_at_leisure(hapless: Fleet) -> None:
    before = len(hapless.find_events("models_not_loaded"))
    time.sleep(3)  # a storm would have brought a dozen by now
    assert len(hapless.find_events("models_not_loaded")) - before <= 2


def test_their_job_waits_for_better_ones(hapless: Fleet) -> None:
    sender = Sender(hapless.url)
    job_id = sender.submit("ok")
    assert (sender.ledger.get(job_id).state, sender.ledger.census().workers) == (
        JobState.QUEUED,
        (),
    )


def test_they_do_not_hold_up_the_stop(hapless: Fleet) -> None:
    assert hapless.stop() < 8
