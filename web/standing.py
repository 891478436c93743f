"""How the system stands, for the status page: one word for it, the essentials, the last hour.

Makes plain data out of a reading; the page and its script show the same. Knows nothing of HTML.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jobs.messages import Job, Worker
from jobs.metrics import Minute, Reading
from jobs.settings import JobsSettings
from web.problems import PROBLEMS
from web.representations import format_time, page_path

SHOWN_MINUTES = 60
BUSY_SECONDS = 10  # a person who waits for longer begins to wonder
MISSED_MINUTES = 10  # for so long a worker that went away is missed
NEARLY_FULL = 0.95
MOST_REFUSALS = 8

Numbers = list[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The state in a word. `kind` gives colour and symbol: pass, wait, unsure or fail."""

    kind: str
    title: str
    text: str


AWAY = Verdict(
    kind="fail",
    title="The queue does not answer",
    text="Its server cannot be reached, so no picture is taken. What was accepted is kept. "
    "This page looks again by itself.",
)


def describe_absence() -> dict[str, Any]:
    """Say that the ledger is away; nothing else is known then."""
    return {"verdict": asdict(AWAY), "time": None}


def describe(reading: Reading, failed: Sequence[Job], settings: JobsSettings) -> dict[str, Any]:
    """Return everything that the page shows; numbers are those of the whole system."""
    census, minutes = reading.census, list_minutes(reading)
    waiting = census.waiting_interactive + census.waiting_bulk
    return {
        "verdict": asdict(judge(reading, settings)),
        "time": format_time(reading.now_ms),
        "waiting": waiting,
        "interactive": census.waiting_interactive,
        "bulk": census.waiting_bulk,
        "oldest_seconds": round(max(reading.oldest_seconds.values()), 1),
        "most_waiting": settings.max_waiting,
        "running": census.running,
        "answered": _per_minute(minutes["answered"], reading.now_ms),
        "refused": _per_minute(minutes["refused"], reading.now_ms),
        "minutes": minutes,
        "workers": [asdict(worker) for worker in sorted(census.workers, key=_name)],
        "failed": [_describe_failure(job) for job in failed],
        "refusals": list_refusals(reading),
        "memory_bytes": reading.memory_bytes,
        "memory_limit_bytes": reading.memory_limit_bytes,
        "picture_bytes": reading.picture_bytes,
        "durability": census.durability,
    }


def judge(reading: Reading, settings: JobsSettings) -> Verdict:
    """Say in a word how it is: the worst that holds."""
    census = reading.census
    waiting = census.waiting_interactive + census.waiting_bulk
    here, missed = len(census.workers), _count_missed(reading)
    oldest = max(reading.oldest_seconds.values())
    memory = reading.memory_bytes / (reading.memory_limit_bytes or float("inf"))
    if not here:
        wait = f"{waiting} wait. " if waiting else ""
        text = f"{wait}Pictures are taken and kept, and answered as soon as a worker is back."
        return Verdict(kind="fail", title="No worker is here", text=text)
    if memory > settings.max_memory_share:
        text = "Its server is nearly out of memory, so new pictures are refused for now."
        return Verdict(kind="fail", title="The queue has no room", text=text)
    if waiting >= NEARLY_FULL * settings.max_waiting:
        text = f"{waiting} of at most {settings.max_waiting} wait; more are refused for now."
        return Verdict(kind="fail", title="The queue is full", text=text)
    if missed:
        text = f"{here} of {here + missed} are here; one that was restarted is back in seconds."
        return Verdict(kind="unsure", title="A worker is missing", text=text)
    if oldest > BUSY_SECONDS:
        text = f"{waiting} wait, the oldest for {round(oldest)} s. More workers would be quicker."
        return Verdict(kind="wait", title="Busy", text=text)
    text = "Pictures are answered as they come."
    return Verdict(kind="pass", title="All is well", text=text)


def _count_missed(reading: Reading) -> int:
    """Count the workers that were here in the last minutes and went without taking their leave.

    Who scales down, or replaces workers, is not told that they are gone.
    """
    if reading.now_ms - reading.left_ms < MISSED_MINUTES * 60_000:
        return 0
    now = int(reading.now_ms // 60_000)
    lately = [one.workers for one in reading.minutes if one.number >= now - MISSED_MINUTES]
    return max(0, max(lately, default=0) - len(reading.census.workers))


def list_minutes(reading: Reading) -> dict[str, Numbers]:
    """Return a number for each minute of the last hour, the one that runs last; None: not known."""
    stats, now = reading.census.counters, int(reading.now_ms // 60_000)
    waiting = reading.census.waiting_interactive + reading.census.waiting_bulk
    running = Minute(
        number=now,
        peak=waiting,
        running=reading.census.running,
        workers=len(reading.census.workers),
        succeeded=stats.get("ended:succeeded", 0),
        failed=stats.get("ended:failed", 0),
        refused=stats.get("refused", 0),
    )
    minutes = [*(one for one in reading.minutes if one.number < now), running]
    return {
        "waiting": _place(minutes, now, lambda one, _: one.peak),
        "running": _place(minutes, now, lambda one, _: one.running),
        "answered": _place(minutes, now, lambda one, before: one.succeeded - before.succeeded),
        "refused": _place(minutes, now, lambda one, before: one.refused - before.refused),
    }


_BEGINNING = Minute(number=0, peak=0, running=0, workers=0, succeeded=0, failed=0, refused=0)


def _place(
    minutes: Sequence[Minute], now: int, measure: Callable[[Minute, Minute], float]
) -> Numbers:
    """Put what is measured of each minute and the one before it in its place of the last hour."""
    numbers: Numbers = [None] * SHOWN_MINUTES
    for before, one in zip([_BEGINNING, *minutes], minutes, strict=False):
        place = SHOWN_MINUTES - 1 - (now - one.number)
        if place >= 0:
            numbers[place] = max(0, measure(one, before))
    return numbers


def _per_minute(numbers: Numbers, now_ms: float) -> int:
    """Guess the last sixty seconds: this minute so far, and the share of the one before."""
    share = 1 - now_ms % 60_000 / 60_000
    return round((numbers[-1] or 0) + share * (numbers[-2] or 0))


def list_refusals(reading: Reading) -> list[dict[str, Any]]:
    """Return what was refused since the counters began, the most frequent first."""
    counts = [(n, name[1]) for name, n in reading.counters.items() if name[0] == "refused"]
    return [
        {
            "code": code,
            "count": number,
            "title": PROBLEMS[code].title if code in PROBLEMS else code,
        }
        for number, code in sorted(counts, reverse=True)[:MOST_REFUSALS]
    ]


def _describe_failure(job: Job) -> dict[str, Any]:
    return {
        "time": format_time(job.finished_ms),
        "page": page_path(job.id),
        "pipeline": job.pipeline,
        "code": job.failure.code if job.failure else "",
        "text": job.failure.message if job.failure else "",
    }


def _name(worker: Worker) -> str:
    return worker.name
