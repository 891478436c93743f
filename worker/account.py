"""What one picture took, for whoever watches: times of its parts as counts, and as spans.

Counts are sent with the pulse, spans only where traces are asked for; a picture waits for neither.
"""

import time

from jobs.counters import Counters, name_counter
from jobs.messages import Lease, Report, StageResult
from jobs.tracing import Kind, Tracer

NANOSECONDS = 1_000_000  # in a millisecond


class Account:
    """The times of one leased picture."""

    def __init__(
        self, lease: Lease, counters: Counters, own: Counters, tracer: Tracer | None
    ) -> None:
        """Begin; call it when the work begins. `own` are the counts of this host."""
        self._lease = lease
        self._counters = counters
        self._own = own
        self._tracer = tracer
        self._began_ns = time.time_ns()
        self._stages: list[tuple[StageResult, int]] = []

    def note(self, stage: StageResult) -> None:
        """Note a stage at its end."""
        self._stages.append((stage, time.time_ns()))

    def close(self, report: Report | None) -> None:
        """Tell what it took; without a report the job is not ours any more, or is tried again."""
        pipeline = self._lease.pipeline
        for stage, _ in self._stages:
            self._counters.observe(name_counter("stage", pipeline, stage.stage), stage.milliseconds)
        if report and report.decoding_milliseconds is not None:
            self._counters.observe(name_counter("decoding", pipeline), report.decoding_milliseconds)
        self._count_for_host(report)
        if self._tracer is not None:
            self._trace(self._tracer, report)

    def _count_for_host(self, report: Report | None) -> None:
        pipeline = self._lease.pipeline
        self._own.add(name_counter("lease", pipeline, str(self._lease.token)))
        self._own.add(name_counter("job", pipeline, *_name_result(report)))
        for stage, _ in self._stages:
            parts = (pipeline, stage.stage, stage.model, stage.version)
            self._own.observe(name_counter("stage", *parts), stage.milliseconds)
        if report and report.decoding_milliseconds is not None:
            self._own.observe(name_counter("decoding", pipeline), report.decoding_milliseconds)

    def _trace(self, tracer: Tracer, report: Report | None) -> None:
        lease = self._lease
        accepted_ns = self._began_ns - round(lease.waited_milliseconds * NANOSECONDS)
        job = tracer.begin(
            f"job {lease.pipeline}", parent=lease.trace, kind=Kind.CONSUMER, begin_ns=accepted_ns
        )
        job.add("waiting", accepted_ns, self._began_ns, {})
        if report and report.decoding_milliseconds is not None:
            decoded_ns = self._began_ns + round(report.decoding_milliseconds * NANOSECONDS)
            job.add("decoding", self._began_ns, decoded_ns, {})
        for stage, end_ns in self._stages:
            begin_ns = end_ns - round(stage.milliseconds * NANOSECONDS)
            found: dict[str, str | float] = {
                "spotter.model": stage.model,
                "spotter.version": stage.version,
                "spotter.label": stage.label,
                "spotter.score": stage.score,
            }
            job.add(f"stage {stage.stage}", begin_ns, end_ns, found)
        job.end(attributes=self._describe(report), error=_find_error(report))

    def _describe(self, report: Report | None) -> dict[str, str | int]:
        lease = self._lease
        found: dict[str, str | int] = {
            "spotter.job_id": lease.job_id,
            "spotter.request_id": lease.request_id,
            "spotter.attempt": lease.token,
        }
        if report and report.outcome:
            found["spotter.outcome"] = report.outcome.text
        return found


def _find_error(report: Report | None) -> str | None:
    if report is None:
        return "no report"
    return report.failure.code if report.failure else None


def _name_result(report: Report | None) -> tuple[str, str]:
    """Return the state and the label or code that say what came of the work."""
    if report is None:
        return "dropped", ""  # the lease was lost or given up
    if report.failure:
        return "failed", report.failure.code
    return "succeeded", report.outcome.label if report.outcome else ""
