"""Reads what a request asks beside its picture: pipeline, camera, how long, under which key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from models.catalogue import Pipeline
from web.errors import Problem

CURSOR = re.compile(r"[0-9]{1,14}(\.[0-9]{1,6})?")
CAMERA = re.compile(r"[A-Za-z0-9._-]{1,64}")
NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
IDEMPOTENCY_KEY = re.compile(r"[\x20-\x7e]{1,255}")
PREFERENCE = re.compile(r'\s*(wait|reuse)\s*=\s*"?([0-9]{1,9})"?\s*(?:;.*)?', re.IGNORECASE)
LONGEST_MAX_WAIT_SECONDS = 7 * 24 * 3600
MOST_LISTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to happen with a picture. `max_wait_seconds`: longer in the queue, and it expires."""

    pipeline: str
    camera: str | None = None
    max_wait_seconds: float | None = None


def read_order(fields: Mapping[str, str], pipelines: Mapping[str, Pipeline]) -> Order:
    """Check the fields of a request; the pipeline may be left out where there is only one.

    Raises:
        Problem: a field cannot be used; the detail names it and says what may stand there.
    """
    pipeline = fields.get("pipeline", "")
    if not pipeline and len(pipelines) == 1:
        pipeline = next(iter(pipelines))
    if pipeline not in pipelines:
        came = f"{pipeline[:80]!r} is not known" if pipeline else "No pipeline was named"
        raise Problem(
            "pipeline_unknown",
            f"{came}: `pipeline` may be {', '.join(pipelines)}.",
            extra={"pipelines": list(pipelines)},
        )
    camera = fields.get("camera") or None
    if camera is not None and not CAMERA.fullmatch(camera):
        raise Problem(
            "parameter_unusable",
            "`camera` takes 1 to 64 letters, digits, dots, hyphens and underscores.",
        )
    return Order(pipeline=pipeline, camera=camera, max_wait_seconds=_read_max_wait(fields))


def _read_max_wait(fields: Mapping[str, str]) -> float | None:
    text = fields.get("max_wait") or None
    if text is None:
        return None
    seconds = float(text) if NUMBER.fullmatch(text) else 0.0
    if not 0 < seconds <= LONGEST_MAX_WAIT_SECONDS:
        raise Problem(
            "parameter_unusable",
            f"`max_wait` takes seconds, more than 0 and at most {LONGEST_MAX_WAIT_SECONDS}.",
        )
    return seconds


def read_idempotency_key(text: str | None) -> str | None:
    """Check the header Idempotency-Key.

    Raises:
        Problem: it is empty, longer than 255 characters, or not printable ASCII.
    """
    if text is not None and not IDEMPOTENCY_KEY.fullmatch(text):
        raise Problem(
            "parameter_unusable", "Idempotency-Key takes 1 to 255 printable ASCII characters."
        )
    return text


def read_preference(text: str, *, most_seconds: int, name: str = "wait") -> int | None:
    """Return the seconds of `Prefer: wait=N` (RFC 7240), capped, or None where there is no such.

    `name` may be `reuse`, too: how old an answer to the same picture may be.

    A preference that cannot be read is passed over, as the RFC asks.
    """
    for preference in text.split(","):
        match = PREFERENCE.fullmatch(preference)
        if match and match[1].lower() == name:
            return min(int(match[2]), most_seconds)
    return None


def read_wait(args: Mapping[str, str], *, most_seconds: int) -> float:
    """Return the seconds of `?wait=N`, capped; 0 where it is not given.

    Raises:
        Problem: it is not a number.
    """
    text = args.get("wait", "0")
    if not NUMBER.fullmatch(text):
        raise Problem("parameter_unusable", f"`wait` takes seconds, 0 to {most_seconds}.")
    return min(float(text), most_seconds)


def read_page(args: Mapping[str, str]) -> tuple[int, float | None]:
    """Return `limit` and the time in ms since 1970 before which to list, which `cursor` holds.

    Raises:
        Problem: one of them cannot be used.
    """
    limit, cursor = args.get("limit", "20"), args.get("cursor")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= MOST_LISTED):
        raise Problem("parameter_unusable", f"`limit` takes a number from 1 to {MOST_LISTED}.")
    if cursor is None:
        return int(limit), None
    if not CURSOR.fullmatch(cursor):
        raise Problem("parameter_unusable", "`cursor` takes what a list gave as `next`, unchanged.")
    return int(limit), float(cursor)
