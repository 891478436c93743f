"""The drain: how one doorbell becomes many pictures.

A drainer takes job after job from the ledger, one round trip each (this one's end, the next one's
bytes), waits a moment for more when there are none, and ends when nothing comes, when its time is
up, or when the worker is told to stop: always after the picture in hand, never within it.
"""

import logging
from collections.abc import Callable
from time import monotonic

from jobs.errors import LedgerUnavailable
from jobs.ledger import Advanced, Ledger
from jobs.messages import Lease, Report
from worker.guard import describe_lease

logger = logging.getLogger(__name__)

# How long a drainer that waits for work may overhear the order to stop.
SLICE_SECONDS = 0.25

Work = Callable[[Lease, str], Report | None]
Ring = Callable[[tuple[str, ...]], None]


def drain(
    drainer: str, *, ledger: Ledger, work: Work, ring: Ring, is_stopping: Callable[[], bool]
) -> None:
    """Take jobs until there are none; `drainer` is the doorbell's name and now ours.

    `work` answers None where there is nothing to report (the lease is lost or was given up).
    A Redis that is away ends the drain: what was leased runs out and is taken again.
    """
    try:
        if _take_jobs(drainer, ledger, work, is_stopping) and not is_stopping():
            ring(ledger.sweep())  # our time was up: hand what waits to the next drain at once
    except LedgerUnavailable as error:
        logger.warning("drain_broken_off", extra={"drainer": drainer, "error": str(error)})


def _take_jobs(drainer: str, ledger: Ledger, work: Work, is_stopping: Callable[[], bool]) -> bool:
    """Work until signed off; True where that was because time was up, not for want of work."""
    until = monotonic() + ledger.settings.drain_seconds
    lease, report = None, None
    while True:
        take = not is_stopping() and monotonic() < until
        advanced = ledger.advance(drainer, report, take=take)
        if lease and report:
            _log_end(lease, report, advanced)
        if not take:
            return True
        lease = advanced.lease or _await_job(drainer, ledger, until, is_stopping)
        if lease is None:
            return False
        report = work(lease, drainer)


def _await_job(
    drainer: str, ledger: Ledger, until: float, is_stopping: Callable[[], bool]
) -> Lease | None:
    """Wait as an idle drainer; None: nothing came, and the drainer is signed off."""
    idle_until = min(until, monotonic() + ledger.settings.linger_seconds)
    while not is_stopping() and (left := idle_until - monotonic()) > 0:
        lease = ledger.await_lease(drainer, min(left, SLICE_SECONDS))
        if lease:
            return lease
    return ledger.advance(drainer, None, take=not is_stopping(), leave=True).lease


def _log_end(lease: Lease, report: Report, advanced: Advanced) -> None:
    fields = describe_lease(lease) | {"waited_milliseconds": round(lease.waited_milliseconds, 1)}
    if not advanced.reported:
        # Another worker has the job, or it was cancelled: fencing keeps our late word out.
        logger.warning("report_refused", extra=fields)
    elif report.failure:
        logger.info("job_failed", extra=fields | {"code": report.failure.code})
    elif report.outcome:
        logger.info("job_succeeded", extra=fields | {"label": report.outcome.label})
