"""The ledger's counts as Prometheus metrics (docs/monitoring.md lists them).

The only file that imports prometheus_client, and only views/metrics.py imports this one, at the
first scrape: it takes a tenth of a second that no other process needs.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from jobs.counters import BOUNDS
from jobs.messages import JobClass
from jobs.metrics import Histogram, Reading
from jobs.settings import JobsSettings

Counts = Counter[tuple[str, ...]]
_LE = (*(f"{bound / 1000:g}" for bound in BOUNDS), "+Inf")

# Histograms by the first part of their name: metric, help, labels.
HISTOGRAMS = {
    "waiting": ("spotter_waiting_seconds", "From the accept to the last lease.", ["class"]),
    "service": ("spotter_service_seconds", "From the last lease to the end.", ["pipeline"]),
    "decoding": ("spotter_decoding_seconds", "Decoding one picture.", ["pipeline"]),
    "stage": ("spotter_stage_seconds", "One stage of a cascade.", ["pipeline", "stage"]),
    "request": (
        "spotter_request_seconds",
        "Answering a request; waits=yes: its caller asked to wait for an answer.",
        ["method", "waits", "route"],
    ),
}


class LedgerCollector(Collector):
    """Makes metric families of one reading; of none where the ledger does not answer."""

    def __init__(self, reading: Reading | None, settings: JobsSettings) -> None:
        self._reading = reading
        self._settings = settings

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        up = "1 where the ledger's Redis answered this scrape, else 0 and nothing else is told."
        yield _gauge("spotter_ledger_up", up, 0 if self._reading is None else 1)
        if self._reading is not None:
            yield from _tell_queue(self._reading, self._settings)
            yield from _tell_fleet(self._reading)
            yield from _tell_server(self._reading)
            yield from _tell_counters(self._reading)
            yield from _tell_ended(self._reading)
            yield from _tell_histograms(self._reading.histograms)


def expose(reading: Reading | None, settings: JobsSettings, accept: str) -> tuple[bytes, str]:
    """Write the metrics as the `Accept` header wishes; the body and its content type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(LedgerCollector(reading, settings))
    write, content_type = choose_encoder(accept)
    return write(registry), content_type


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _tell_queue(reading: Reading, settings: JobsSettings) -> Iterator[Metric]:
    census = reading.census
    waiting = GaugeMetricFamily("spotter_waiting_jobs", "Jobs that wait.", labels=["class"])
    waiting.add_metric([JobClass.INTERACTIVE], census.waiting_interactive)
    waiting.add_metric([JobClass.BULK], census.waiting_bulk)
    yield waiting
    oldest = GaugeMetricFamily(
        "spotter_oldest_waiting_seconds", "For how long the oldest job waits.", labels=["class"]
    )
    for job_class, seconds in reading.oldest_seconds.items():
        oldest.add_metric([job_class], seconds)
    yield oldest
    yield _gauge("spotter_running_jobs", "Jobs that are worked on.", census.running)
    limit = "Waiting jobs, above which more are refused."
    yield _gauge("spotter_waiting_limit_jobs", limit, settings.max_waiting)
    held = "Bytes of the pictures that wait or are worked on."
    yield _gauge("spotter_picture_bytes", held, reading.picture_bytes)
    limit = "Bytes of pictures, above which more are refused."
    yield _gauge("spotter_picture_limit_bytes", limit, settings.max_waiting_bytes)


def _tell_fleet(reading: Reading) -> Iterator[Metric]:
    workers = reading.census.workers
    text = "Pool children of all workers that were seen in the last seconds."
    yield _gauge("spotter_workers", text, len(workers))
    info = GaugeMetricFamily(
        "spotter_model_info", "1 for every version that a worker uses.", labels=["model", "version"]
    )
    users = GaugeMetricFamily(
        "spotter_model_workers", "Pool children with this version.", labels=["model", "version"]
    )
    seen = Counter(pair for worker in workers for pair in worker.models.items())
    for (model, version), number in sorted(seen.items()):
        info.add_metric([model, version], 1)
        users.add_metric([model, version], number)
    yield info
    yield users


def _tell_server(reading: Reading) -> Iterator[Metric]:
    yield _gauge("spotter_redis_memory_bytes", "Memory of the queue server.", reading.memory_bytes)
    limit = "Memory that the queue server may use; 0: no limit."
    yield _gauge("spotter_redis_memory_limit_bytes", limit, reading.memory_limit_bytes)
    durability = GaugeMetricFamily(
        "spotter_durability_info",
        "1 for what the queue server promises: strict, everysec, fast, none, unknown.",
        labels=["level"],
    )
    durability.add_metric([reading.census.durability], 1)
    yield durability


def _tell_counters(reading: Reading) -> Iterator[Metric]:
    stats = reading.census.counters
    for name, text, field in (
        ("spotter_jobs_accepted", "Jobs that were accepted.", "accepted"),
        ("spotter_leases", "Leases: how often work on a job was begun.", "leases"),
        ("spotter_leases_expired", "Leases that ran out or were given up.", "leases_lapsed"),
        ("spotter_doorbells", "Doorbells that were rung.", "doorbells"),
    ):
        yield CounterMetricFamily(name, text, value=stats.get(field, 0))
    requests = CounterMetricFamily(
        "spotter_requests", "Requests that were answered.", labels=["method", "status", "route"]
    )
    refusals = CounterMetricFamily(
        "spotter_refusals", "Requests and pictures of batches refused, by code.", labels=["code"]
    )
    for (kind, *labels), number in sorted(reading.counters.items()):
        if kind == "requests":
            requests.add_metric(labels, number)
        elif kind == "refused":
            refusals.add_metric(labels, number)
    yield requests
    yield refusals


def _tell_ended(reading: Reading) -> Iterator[Metric]:
    """Tell what came of the jobs, by each of the things that one counter of the ledger names."""
    ended, attempts, outcomes, failures = Counts(), Counts(), Counts(), Counts()
    for (kind, *parts), number in reading.counters.items():
        if kind == "ended":
            pipeline, state, attempt, *verdict = parts
            ended[pipeline, state] += number
            attempts[pipeline, attempt] += number
            if state == "succeeded":
                outcomes[pipeline, "/".join(verdict[1:]), verdict[0]] += number
            elif state == "failed":
                failures[pipeline, "/".join(verdict)] += number
    for name, text, labels, counts in (
        ("jobs_ended", "Jobs by their final state.", ["state"], ended),
        ("jobs_by_attempts", "Jobs by how often work on them began.", ["attempts"], attempts),
        ("outcomes", "Answers.", ["label", "sureness"], outcomes),
        ("failures", "Jobs that failed, by code.", ["code"], failures),
    ):
        family = CounterMetricFamily(f"spotter_{name}", text, labels=["pipeline", *labels])
        for values, number in sorted(counts.items()):
            family.add_metric(values, number)
        yield family


def _tell_histograms(histograms: Mapping[tuple[str, ...], Histogram]) -> Iterator[Metric]:
    for kind, (name, text, labels) in HISTOGRAMS.items():
        family = HistogramMetricFamily(name, text, labels=labels)
        for (found, *values), histogram in sorted(histograms.items()):
            if found == kind:
                buckets = list(zip(_LE, map(float, histogram.counts), strict=True))
                family.add_metric(values, buckets, sum_value=histogram.sum_seconds)
        yield family
