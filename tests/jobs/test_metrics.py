"""What the ledger counts about jobs, and what a reading makes of it."""

import time

import pytest

from jobs.counters import BUCKETS
from jobs.ledger import Ledger
from jobs.messages import Failure, JobClass, Report, Worker
from jobs.metrics import Minute, read_metrics
from jobs.records import PREFIX
from tests.jobs.conftest import Submit
from tests.jobs.factories import finish, make_batch, make_submission, take


def count(ledger: Ledger, *name: str) -> int:
    """Read one counter, after what ended was counted."""
    ledger.sweep()
    return read_metrics(ledger).counters.get(name, 0)


def observations(ledger: Ledger, *name: str) -> int:
    ledger.sweep()
    histogram = read_metrics(ledger).histograms.get(name)
    return histogram.counts[-1] if histogram else 0


def test_an_answer_is_counted_by_pipeline_attempts_and_label(
    ledger: Ledger, submit: Submit
) -> None:
    submit()
    finish(ledger, take(ledger))
    assert count(ledger, "ended", "zomato-rider", "succeeded", "1", "sure", "others") == 1


def test_a_failure_is_counted_by_its_code(ledger: Ledger, submit: Submit) -> None:
    submit()
    lease = take(ledger)
    failure = Failure(code="image_damaged", message="broken")
    ledger.advance("d", Report(job_id=lease.job_id, token=lease.token, failure=failure), take=False)
    assert count(ledger, "ended", "zomato-rider", "failed", "1", "image_damaged") == 1


def test_a_worker_that_is_lost_three_times_is_counted_with_its_attempts(
    hasty: Ledger, submit: Submit
) -> None:
    submit()
    for _ in range(3):
        take(hasty)
        hasty.sweep()
    assert count(hasty, "ended", "zomato-rider", "failed", "3", "worker_lost") == 1
    assert read_metrics(hasty).census.counters["leases_lapsed"] == 3


def test_every_job_is_counted_once_however_often_it_is_swept(
    ledger: Ledger, submit: Submit
) -> None:
    for _ in range(5):
        submit()
        finish(ledger, take(ledger))
        ledger.sweep()
    ledger.sweep()
    assert count(ledger, "ended", "zomato-rider", "succeeded", "1", "sure", "others") == 5
    assert read_metrics(ledger).census.counters["ended:succeeded"] == 5
    assert observations(ledger, "waiting", "interactive") == 5
    assert observations(ledger, "service", "zomato-rider") == 5


def test_a_refused_report_is_not_counted(ledger: Ledger, submit: Submit) -> None:
    job_id = submit()
    lease = take(ledger)
    ledger.cancel(job_id)
    finish(ledger, lease)
    ledger.sweep()
    ended = {name: n for name, n in read_metrics(ledger).counters.items() if name[0] == "ended"}
    assert ended == {("ended", "zomato-rider", "cancelled", "1", ""): 1}


def test_a_job_that_nobody_worked_on_has_no_times(ledger: Ledger, submit: Submit) -> None:
    ledger.cancel(submit())
    assert observations(ledger, "waiting", "interactive") == 0
    assert observations(ledger, "service", "zomato-rider") == 0


def test_waiting_and_working_are_told_apart(ledger: Ledger, submit: Submit) -> None:
    submit()
    time.sleep(0.06)
    lease = take(ledger)
    time.sleep(0.03)
    finish(ledger, lease)
    ledger.sweep()
    found = read_metrics(ledger).histograms
    waiting, service = found["waiting", "interactive"], found["service", "zomato-rider"]
    assert 0.06 <= waiting.sum_seconds < 5
    assert 0.03 <= service.sum_seconds < 5
    assert waiting.counts[BUCKETS.index("50")] == 0
    assert service.counts[BUCKETS.index("25")] == 0


def test_a_lease_tells_how_long_its_job_waited_and_in_which_trace(ledger: Ledger) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    ledger.accept([make_submission(trace=trace)])
    time.sleep(0.02)
    lease = take(ledger)
    assert lease.trace == trace
    assert 20 <= lease.waited_milliseconds < 5000


def test_the_oldest_of_each_class_is_found(ledger: Ledger, submit: Submit) -> None:
    # The second owner's picture stands first in the queue, though those of the first wait longer.
    batch, submissions = make_batch(3, owner="first")
    ledger.accept(submissions, batch=batch)
    take(ledger)
    time.sleep(0.05)
    first_of_a_turn = "-" * 22  # equal turns are ordered by id
    ledger.accept([make_submission(id=first_of_a_turn, owner="second", bulk=True)])
    assert ledger.client.zrange(f"{PREFIX}waiting:bulk", 0, 0) == [first_of_a_turn.encode()]
    ages = read_metrics(ledger).oldest_seconds
    assert ages[JobClass.INTERACTIVE] == 0
    assert 0.05 <= ages[JobClass.BULK] < 5


def test_an_empty_ledger_reads_as_zeros(ledger: Ledger) -> None:
    reading = read_metrics(ledger)
    assert (dict(reading.counters), dict(reading.histograms), reading.minutes) == ({}, {}, ())
    assert reading.memory_bytes > 0
    assert reading.memory_limit_bytes == 256 * 2**20


def pass_minutes(ledger: Ledger, minutes: int = 1) -> None:
    """Have the next sweep believe that its last one was so many minutes ago."""
    gauge = f"{PREFIX}gauge"
    ledger.client.hincrby(gauge, "minute", -minutes)
    ledger.client.hset(gauge, "rate_from", 0)
    ledger.sweep()


def test_a_minute_is_put_down_when_it_is_over(ledger: Ledger, submit: Submit) -> None:
    ledger.sweep(Worker(name="w", models={}))
    submit()
    submit()
    pass_minutes(ledger, 0)
    assert read_metrics(ledger).minutes == ()
    finish(ledger, take(ledger))
    take(ledger)
    ledger.sweep()
    now = int(read_metrics(ledger).now_ms // 60_000)
    pass_minutes(ledger)
    (minute,) = read_metrics(ledger).minutes
    assert minute == Minute(
        number=minute.number, peak=2, running=1, workers=1, succeeded=1, failed=0, refused=0
    )
    assert minute.number in (now - 1, now)


def test_minutes_are_kept_for_two_hours(ledger: Ledger) -> None:
    ledger.sweep()
    for _ in range(125):
        pass_minutes(ledger)
    assert len(read_metrics(ledger).minutes) == 120


@pytest.mark.parametrize("garbage", [b"", b"no line\n", b"bulk|p|x|y|z|succeeded|\n"])
def test_a_line_that_makes_no_sense_is_passed_over(ledger: Ledger, garbage: bytes) -> None:
    ledger.client.append(f"{PREFIX}ended", garbage)
    ledger.sweep()
    assert read_metrics(ledger).counters == {}


def test_a_worker_that_takes_its_leave_is_noted(ledger: Ledger) -> None:
    worker = Worker(name="w", models={})
    ledger.sweep(worker)
    assert read_metrics(ledger).left_ms == 0
    ledger.sweep(worker, retiring=True)
    reading = read_metrics(ledger)
    assert reading.now_ms - 5000 < reading.left_ms <= reading.now_ms
