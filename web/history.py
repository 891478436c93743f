"""What a browser asked before: a page of it by answer, and all of it as a table."""

import csv
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from web.looks import Look, look_at
from web.representations import represent_job
from web.services import services

# Kinds of answer that may be asked for; `other` is every end or wait without an answer.
ANSWERS = ("pass", "stop", "none", "unsure", "other")
# A filter that matches nothing must not read a whole day of webcam captures for one page.
MOST_READ = 2000
READ_AT_ONCE = 100

COLUMNS = (
    *("submitted_at", "id", "state", "outcome", "label", "unsure", "scores"),
    *("problem", "camera", "milliseconds", "page"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A job in its JSON form, and how it is shown."""

    job: Mapping[str, Any]
    look: Look


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """Some rows, or none of those looked at; `older` is the cursor behind them, None at the end."""

    rows: tuple[Row, ...]
    older: str | None


def list_history(
    owner: str, *, answer: str, limit: int, before_ms: float | None = None
) -> HistoryPage:
    """Return the newest rows of this kind from before a time in ms since 1970."""
    rows: list[Row] = []
    cursors: list[str] = []
    cursor, looked_at = "", 0
    for row, cursor in _read(owner, before_ms, MOST_READ):
        looked_at += 1
        if answer and _answer_of(row.look) != answer:
            continue
        if len(rows) == limit:
            return HistoryPage(rows=tuple(rows), older=cursors[-1])
        rows.append(row)
        cursors.append(cursor)
    return HistoryPage(rows=tuple(rows), older=cursor if looked_at >= MOST_READ else None)


def write_csv(owner: str, *, answer: str, host: str) -> Iterator[str]:
    """Yield the lines of the table (RFC 4180), however long it is.

    `host` is the address before a page's path, with its slash.
    """
    yield _write_line(COLUMNS)
    for row, _ in _read(owner, None, sys.maxsize):
        if not answer or _answer_of(row.look) == answer:
            yield _write_line(_write_cells(row.job, host))


def _write_line(cells: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _write_cells(job: Mapping[str, Any], host: str) -> list[object]:
    outcome = job["outcome"] or {}
    scores = "; ".join(f"{stage['stage']} {stage['score']}" for stage in outcome.get("stages", ()))
    return [
        *(job["submitted_at"], job["id"], job["state"]),
        *(outcome.get("text", ""), outcome.get("label", ""), outcome.get("unsure", ""), scores),
        (job["error"] or {}).get("message", ""),
        _defuse(job["camera"] or ""),
        job["milliseconds"]["total"],
        host.rstrip("/") + job["links"]["page"],
    ]


def _defuse(text: str) -> str:
    """Keep a table program from reading a camera's name as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _answer_of(look: Look) -> str:
    return look.kind if look.kind in ANSWERS else "other"


def _read(owner: str, before_ms: float | None, most: int) -> Iterator[tuple[Row, str]]:
    """Yield rows, newest first, each with the cursor of what lies behind it."""
    read = 0
    while read < most:
        jobs = services().client.recent(owner, limit=READ_AT_ONCE, before_ms=before_ms)
        for job in jobs:
            shown = represent_job(job)
            yield Row(job=shown, look=look_at(shown)), repr(float(job.submitted_ms))
        if len(jobs) < READ_AT_ONCE:
            return
        before_ms = float(jobs[-1].submitted_ms)
        read += len(jobs)
