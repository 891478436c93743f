"""The sign of life of a child."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from jobs.ledger import Ledger
from jobs.messages import Worker
from tests.faults.fleet import wait_until
from tests.jobs.factories import take
from worker.pulse import Pulse

CHILD = Worker(name="child", models={"person": "1"})


@pytest.fixture
def rung() -> list[str]:
    return []


@pytest.fixture
def pulse(ledger: Ledger, rung: list[str]) -> Iterator[Pulse]:
    pulse = Pulse(ledger, lambda: CHILD, rung.extend)
    pulse.start()
    yield pulse
    pulse.retire()


def test_a_child_is_announced(pulse: Pulse, ledger: Ledger) -> None:
    wait_until(lambda: ledger.census().workers, "the announcement", 10)
    assert ledger.census().workers == (CHILD,)


def test_a_child_that_retires_is_off_the_list(pulse: Pulse, ledger: Ledger) -> None:
    wait_until(lambda: ledger.census().workers, "the announcement", 10)
    pulse.retire()
    assert ledger.census().workers == ()


def test_work_that_was_there_before_any_worker_is_rung_for(
    ledger: Ledger, submit: Callable[..., str], rung: list[str]
) -> None:
    submit()
    early = Pulse(ledger, lambda: CHILD, rung.extend)
    early.start()
    wait_until(lambda: rung, "the doorbell", 10)
    early.retire()
    assert len(rung) == 1


def test_a_dead_drainers_job_is_rung_for(
    pulse: Pulse, ledger: Ledger, submit: Callable[..., str], rung: list[str]
) -> None:
    wait_until(lambda: ledger.census().workers, "the announcement", 10)
    submit()
    take(ledger, drainer="dead")
    rung.clear()
    wait_until(lambda: rung, "the doorbell", 10)
    assert len(rung) == 1


def test_an_outage_is_logged_once(
    ledger: Ledger, rung: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    lost = Ledger.connect(replace(ledger.settings, redis_url="redis://127.0.0.1:1/0"))
    pulse = Pulse(lost, lambda: CHILD, rung.extend)
    for _ in range(3):
        pulse._beat()
    assert caplog.messages == ["sweep_failed"]
