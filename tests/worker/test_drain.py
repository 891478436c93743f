"""How one doorbell becomes many pictures."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

import pytest

from jobs.ledger import Ledger
from jobs.messages import JobState, Lease, Report, Worker
from tests.jobs.factories import make_outcome, make_submission
from worker.drain import drain


def report(lease: Lease, drainer: str = "") -> Report:
    return Report(job_id=lease.job_id, token=lease.token, outcome=make_outcome())


def run_drain(ledger: Ledger, **given: object) -> list[str]:
    """Run a drain to its end; the doorbells that it rang."""
    rung: list[str] = []
    options = {"work": report, "is_stopping": lambda: False, **given}
    drain("ring-1", ledger=ledger, ring=rung.extend, **options)
    return rung


def test_one_doorbell_takes_every_job(ledger: Ledger, submit: Callable[..., str]) -> None:
    ids = [submit(owner=str(n)) for n in range(10)]
    run_drain(ledger)
    assert {job.state for job in ledger.get_many(ids)} == {JobState.SUCCEEDED}


def test_a_job_that_comes_while_the_drainer_lingers_needs_no_doorbell(ledger: Ledger) -> None:
    rings: list[tuple[str, ...]] = []
    job = make_submission()

    def submit_later() -> None:
        while not ledger.client.zcard("spotter:idle"):
            pass
        rings.append(ledger.accept([job]).rings)

    ledger.sweep()
    thread = threading.Thread(target=submit_later)
    thread.start()
    run_drain(ledger)
    thread.join()
    assert (rings, ledger.get(job.id).state) == ([()], JobState.SUCCEEDED)


def test_an_idle_drain_ends_after_its_linger(ledger: Ledger) -> None:
    began = monotonic()
    run_drain(ledger)
    assert 0.3 <= monotonic() - began < 1.5


def test_a_drain_that_ends_is_signed_off(ledger: Ledger) -> None:
    run_drain(ledger)
    assert (ledger.client.zcard("spotter:drainers"), ledger.client.zcard("spotter:idle")) == (0, 0)


def test_a_stop_takes_no_further_job(ledger: Ledger, submit: Callable[..., str]) -> None:
    ids = [submit(owner=str(n)) for n in range(3)]
    done: list[str] = []

    def work(lease: Lease, drainer: str) -> Report:
        done.append(lease.job_id)
        return report(lease)

    run_drain(ledger, work=work, is_stopping=lambda: len(done) == 1)
    assert [job.state for job in ledger.get_many(ids)] == ["succeeded", "queued", "queued"]


def test_a_stop_ends_an_idle_drain_at_once(redis_url: str, ledger: Ledger) -> None:
    patient = Ledger.connect(replace(ledger.settings, linger_seconds=30))
    asked: list[float] = []

    def is_stopping() -> bool:
        asked.append(monotonic())
        return len(asked) > 3

    began = monotonic()
    run_drain(patient, is_stopping=is_stopping)
    assert monotonic() - began < 3


def test_a_drain_whose_time_is_up_rings_for_what_is_left(
    ledger: Ledger, submit: Callable[..., str]
) -> None:
    hasty = Ledger.connect(replace(ledger.settings, drain_seconds=0))
    hasty.sweep(Worker(name="child", models={}))
    submit()
    assert run_drain(hasty) != []


def test_a_job_without_a_report_is_left_to_its_lease(
    ledger: Ledger, submit: Callable[..., str]
) -> None:
    job_id = submit()
    run_drain(ledger, work=lambda lease, drainer: None)
    assert ledger.get(job_id).state is JobState.RUNNING


def test_a_late_report_is_refused_and_logged(
    ledger: Ledger, submit: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    job_id = submit()

    def work(lease: Lease, drainer: str) -> Report:
        ledger.cancel(job_id)
        return report(lease)

    run_drain(ledger, work=work)
    assert ("report_refused" in caplog.messages, ledger.get(job_id).state) == (True, "cancelled")


def test_the_log_names_job_and_request(
    ledger: Ledger, submit: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    job_id = submit(request_id="request-7")
    with caplog.at_level(logging.INFO):
        run_drain(ledger)
    line = next(record for record in caplog.records if record.message == "job_succeeded")
    assert (line.job_id, line.request_id) == (job_id, "request-7")


def test_a_queue_server_that_is_away_ends_the_drain(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    lost = Ledger.connect(replace(ledger.settings, redis_url="redis://127.0.0.1:1/0"))
    run_drain(lost)
    assert "drain_broken_off" in caplog.messages
