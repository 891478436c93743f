"""What the ledger counted, read in one go for whoever shows it: scrapers and the status page.

The numbers are those of the whole system, so any process may ask. Counts of jobs that ended are up
to a second behind, those of web and of stages up to a second more.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from jobs.connection import translated
from jobs.counters import BUCKETS, METRICS, SUM
from jobs.ledger import Ledger
from jobs.messages import Census, JobClass
from jobs.records import PREFIX

HISTOGRAMS = frozenset({"waiting", "service", "request", "decoding", "stage"})
# Bulk jobs stand in the order of their owners' turns, not of time: the oldest of each owner is near
# the front, so looking at so many finds the oldest of all while fewer owners than that wait.
LOOKED_AT = 50

Name = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How often a duration was at most so long. `counts` are cumulative, one for each BUCKETS."""

    counts: tuple[int, ...]
    sum_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """The system in one minute that is over; `number` counts minutes since 1970.

    `peak` is the most that was seen waiting, `running` and `workers` are those at its end, and so
    are the counters `succeeded`, `failed` and `refused`, which never go back.
    """

    number: int
    peak: int
    running: int
    workers: int
    succeeded: int
    failed: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The system at one moment. Counters and histograms go by their name and what it is about.

    `left_ms`: when a worker last took its leave; one that died did not.
    """

    census: Census
    now_ms: float
    left_ms: float
    oldest_seconds: Mapping[JobClass, float]
    jobs_per_second: float
    picture_bytes: int
    memory_bytes: int
    memory_limit_bytes: int
    counters: Mapping[Name, int]
    histograms: Mapping[Name, Histogram]
    minutes: tuple[Minute, ...]


def read_metrics(ledger: Ledger) -> Reading:
    """Read everything that is counted.

    Raises:
        LedgerUnavailable: Redis does not answer.
    """
    census = ledger.census()
    with translated():
        pipe = ledger.client.pipeline(transaction=False)
        for job_class in JobClass:
            pipe.zrange(f"{PREFIX}waiting:{job_class}", 0, LOOKED_AT - 1)
        pipe.hgetall(METRICS).hgetall(f"{PREFIX}gauge").lrange(f"{PREFIX}minutes", 0, -1)
        pipe.info("memory").time()
        *waiting, counts, gauge, minutes, memory, clock = pipe.execute()
        now_ms = clock[0] * 1000 + clock[1] / 1000
        ids = dict(zip(JobClass, waiting, strict=True))
        oldest = {name: _read_oldest(ledger, ids[name], now_ms) for name in JobClass}
    counters, histograms = _sort_out(counts)
    return Reading(
        census=census,
        now_ms=now_ms,
        left_ms=float(gauge.get(b"left", 0)),
        oldest_seconds=oldest,
        jobs_per_second=float(gauge.get(b"rate", 0)),
        picture_bytes=int(gauge.get(b"bytes", 0)),
        memory_bytes=int(memory["used_memory"]),
        memory_limit_bytes=int(memory.get("maxmemory", 0)),
        counters=counters,
        histograms=histograms,
        minutes=tuple(_read_minute(line) for line in minutes),
    )


def _read_oldest(ledger: Ledger, ids: list[bytes], now_ms: float) -> float:
    """Return for how many seconds the oldest of these jobs has waited; 0 where there are none."""
    if not ids:
        return 0.0
    pipe = ledger.client.pipeline(transaction=False)
    for job_id in ids:
        pipe.hget(f"{PREFIX}job:{job_id.decode()}", "submitted")
    times = [float(submitted) for submitted in pipe.execute() if submitted]
    return max(0.0, (now_ms - min(times)) / 1000) if times else 0.0


def _sort_out(counts: Mapping[bytes, bytes]) -> tuple[dict[Name, int], dict[Name, Histogram]]:
    """Part the hash of counters into plain ones and histograms."""
    counters: dict[Name, int] = {}
    found: defaultdict[Name, dict[str, int]] = defaultdict(dict)
    for name, count in counts.items():
        parts = tuple(name.decode().split("|"))
        if parts[0] in HISTOGRAMS:
            found[parts[:-1]][parts[-1]] = int(count)
        else:
            counters[parts] = int(count)
    return counters, {name: _read_histogram(fields) for name, fields in found.items()}


def _read_histogram(fields: Mapping[str, int]) -> Histogram:
    return Histogram(
        counts=tuple(accumulate(fields.get(bucket, 0) for bucket in BUCKETS)),
        sum_seconds=fields.get(SUM, 0) / 1e6,
    )


def _read_minute(line: bytes) -> Minute:
    numbers: list[Any] = [int(float(part)) for part in line.split()]
    number, peak, running, workers, succeeded, failed, refused = numbers
    return Minute(
        number=number,
        peak=peak,
        running=running,
        workers=workers,
        succeeded=succeeded,
        failed=failed,
        refused=refused,
    )
