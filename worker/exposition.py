"""A worker's vitals in Prometheus's text format (docs/monitoring.md lists the metrics).

Written by hand: the format is lines of a name, labels and a number, and prometheus_client, which
web has, would cost the worker's image and its start more than these lines.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import accumulate

from jobs.counters import BOUNDS, BUCKETS, SUM
from worker.vitals import Vitals

_LE = (*(f"{bound / 1000:g}" for bound in BOUNDS), "+Inf")
_PREFIX = "spotter_worker_"
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

# By the first part of a count's name: metric, help, labels.
COUNTERS = {
    "child": ("child_events_total", "Pool children that started, and that took leave.", ("event",)),
    "lease": ("leases_total", "Leases: how often work began.", ("pipeline", "attempt")),
    "job": ("jobs_total", "What came of the work.", ("pipeline", "state", "verdict")),
}
HISTOGRAMS = {
    "stage": ("stage_seconds", "One stage.", ("pipeline", "stage", "model", "version")),
    "decoding": ("decoding_seconds", "Decoding one picture.", ("pipeline",)),
}


def expose(vitals: Vitals) -> str:
    """Write all metrics."""
    return "\n".join((*_tell_process(vitals), *_tell_counts(vitals.counts), ""))


def _tell_process(vitals: Vitals) -> Iterator[str]:
    up = "1 where the ledger answered this scrape; else what it knows is left out."
    yield from _head("ledger_up", "gauge", up)
    yield _line("ledger_up", {}, int(vitals.is_ledger_up))
    yield from _head("doorbells_total", "counter", "Doorbells that the main process received.")
    yield _line("doorbells_total", {}, vitals.doorbells)
    yield from _head("drains", "gauge", "Drains that run; each has one picture in hand, or waits.")
    yield _line("drains", {}, vitals.drains)
    yield from _head("memory_bytes", "gauge", "Resident memory of the processes.")
    for process, size in vitals.memory_bytes.items():
        yield _line("memory_bytes", {"process": process}, size)
    if vitals.is_ledger_up:
        yield from _head("children", "gauge", "Pool children that were seen in the last seconds.")
        yield _line("children", {}, vitals.children)
        yield from _head("model_children", "gauge", "Pool children with this version.")
        for (model, version), number in sorted(vitals.models.items()):
            yield _line("model_children", {"model": model, "version": version}, number)


def _tell_counts(counts: Mapping[tuple[str, ...], int]) -> Iterator[str]:
    for kind, (name, text, labels) in COUNTERS.items():
        yield from _head(name, "counter", text)
        for (found, *values), number in sorted(counts.items()):
            if found == kind:
                yield _line(name, dict(zip(labels, values, strict=True)), number)
    for kind, (name, text, labels) in HISTOGRAMS.items():
        yield from _head(name, "histogram", text)
        series: defaultdict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
        for (found, *values), number in sorted(counts.items()):
            if found == kind:
                series[tuple(values[:-1])][values[-1]] = number
        for found_values, fields in series.items():
            yield from _tell_histogram(name, dict(zip(labels, found_values, strict=True)), fields)


def _tell_histogram(
    name: str, labels: Mapping[str, str], fields: Mapping[str, int]
) -> Iterator[str]:
    totals = list(accumulate(fields.get(bucket, 0) for bucket in BUCKETS))
    for le, total in zip(_LE, totals, strict=True):
        yield _line(f"{name}_bucket", {**labels, "le": le}, total)
    yield _line(f"{name}_sum", labels, fields.get(SUM, 0) / 1e6)
    yield _line(f"{name}_count", labels, totals[-1])


def _head(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP {_PREFIX}{name} {text}", f"# TYPE {_PREFIX}{name} {kind}"


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    told = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in labels.items())
    return f"{_PREFIX}{name}{{{told}}} {value}" if told else f"{_PREFIX}{name} {value}"
