"""What one pool child does with a leased picture, and with each way in which that can go wrong.

Owns what lives as long as the process: the ledger, the cascades, the guard and the pulse. `pool.py`
opens a child in each process of the pool.
"""

import contextlib
import logging
from collections.abc import Callable

from celery.exceptions import SoftTimeLimitExceeded

from jobs.counters import Counters, name_counter
from jobs.errors import LedgerUnavailable
from jobs.ledger import Ledger
from jobs.messages import Failure, Lease, Report, StageResult, Worker
from jobs.tracing import Tracer
from worker.account import Account
from worker.drain import Ring, drain
from worker.guard import Guard, LeaseLost, describe_lease
from worker.pulse import Pulse
from worker.recognise import UnknownPipeline, recognise
from worker.rollover import Rollover

logger = logging.getLogger(__name__)

UNKNOWN_PIPELINE = (
    "No worker knows this pipeline. If the service was just updated, send the picture again in a "
    "minute; else choose one of the pipelines at /api/v1/pipelines."
)


class Child:
    """One process that works."""

    def __init__(
        self,
        ledger: Ledger,
        rollover: Rollover,
        *,
        name: str,
        ring: Ring,
        tracer: Tracer | None = None,
    ) -> None:
        self.ledger = ledger
        self.guard = Guard(ledger)
        self.pulse = Pulse(ledger, self.describe, ring, before=self._do_what_is_due)
        self.name = name
        self._ring = ring
        self._rollover = rollover
        self._counters = Counters()
        self._own = Counters(host=name.rpartition("-")[0] or name)
        self._tracer = tracer

    def describe(self) -> Worker:
        """Say who this is and what it has loaded."""
        return Worker(name=self.name, models=self._rollover.loaded.models)

    def start(self) -> None:
        """Begin to watch over pictures and to be seen by the ledger."""
        self._own.add(name_counter("child", "started"))
        self.guard.start()
        self.pulse.start()

    def close(self) -> None:
        """Take leave of the ledger, and tell what was not told yet."""
        self.pulse.retire()
        self.guard.close()
        self._own.add(name_counter("child", "retired"))  # one that dies does not come here
        self._send_counts()
        if self._tracer is not None:
            self._tracer.flush()

    def _do_what_is_due(self) -> None:
        self._rollover.look()
        self._send_counts()

    def _send_counts(self) -> None:
        with contextlib.suppress(LedgerUnavailable):  # the pulse says so already
            self._counters.send(self.ledger.client)
            self._own.send(self.ledger.client)

    def drain(self, ring_id: str, is_stopping: Callable[[], bool]) -> None:
        """Answer one doorbell."""
        drain(
            ring_id,
            ledger=self.ledger,
            work=self.work,
            ring=self._ring,
            is_stopping=is_stopping,
        )

    def work(self, lease: Lease, drainer: str) -> Report | None:
        """Recognise one picture under guard; None where the job is not ours to report."""
        account = Account(lease, self._counters, self._own, self._tracer)
        report = self._recognise(lease, drainer, account)
        account.close(report)
        return report

    def _recognise(self, lease: Lease, drainer: str, account: Account) -> Report | None:
        with self.guard.holding(lease, drainer) as hold:

            def note(stage: StageResult) -> None:
                account.note(stage)
                hold.note(stage)

            cascades = self._rollover.loaded.choose(is_alone=lease.is_alone)
            try:
                return recognise(lease, cascades, note)
            except LeaseLost:
                logger.warning("lease_lost", extra=describe_lease(lease))
                return None
            except UnknownPipeline as error:
                return self._decline(lease, str(error))
            except MemoryError:
                # This process may be as much to blame as the picture: try it in a fresh one.
                self.guard.end_process(hold, "out_of_memory")
            except SoftTimeLimitExceeded:  # Celery's; comes only where the guard could not act
                self.guard.end_process(hold, "picture_too_slow")
            except Exception:
                logger.exception("recognising_broke", extra=describe_lease(lease))
                self.guard.give_up(lease, drainer, "internal_error")
            return None

    def _decline(self, lease: Lease, pipeline: str) -> Report | None:
        """Leave a job that asks for a pipeline which this worker has not loaded.

        While a new release is rolled out, another worker may know it: the lease is left to run
        out, so that the attempts lie seconds apart and each may fall to a newer worker. Only the
        last one fails the job, so that a fleet which will never know it does not hold it for ever.
        """
        fields = describe_lease(lease) | {"pipeline": pipeline}
        logger.warning("pipeline_unknown", extra=fields)
        if lease.token < self.ledger.settings.max_attempts:
            return None
        failure = Failure(code="pipeline_unknown", message=UNKNOWN_PIPELINE)
        return Report(job_id=lease.job_id, token=lease.token, failure=failure)
