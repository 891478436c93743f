"""`/status`: how the system stands now and did in the last hour, for who runs it; live with JSON.

Answers 200 even where the queue is away, since that is what it is there to say.
"""

from dataclasses import dataclass
from time import monotonic
from typing import Any

from flask import Blueprint, Response, current_app, render_template

from jobs.errors import LedgerUnavailable
from jobs.grants import Scope
from jobs.metrics import read_metrics
from web.access import needs
from web.answers import answer_json
from web.plots import draw_bars
from web.services import services
from web.standing import describe, describe_absence

bp = Blueprint("status", __name__)

FRESH_SECONDS = 0.9  # however many look, the ledger is read about once a second by each process
MOST_FAILURES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was read, and when on the process's clock."""

    at: float
    standing: dict[str, Any]


@bp.get("/status")
@needs(Scope.ADMIN)
def show_status() -> str:
    """Show it as a page, which its script keeps up to date."""
    return render_template("pages/status.html", standing=read_standing(), draw_bars=draw_bars)


@bp.get("/status.json")
@needs(Scope.ADMIN)
def show_standing() -> Response:
    """Send the same for the page's script."""
    return answer_json(read_standing())


def read_standing() -> dict[str, Any]:
    """Return how the system stands, not older than `FRESH_SECONDS`."""
    seen: Seen | None = current_app.extensions.get(__name__)
    if seen is None or monotonic() - seen.at > FRESH_SECONDS:
        seen = Seen(at=monotonic(), standing=_read())
        current_app.extensions[__name__] = seen
    return seen.standing


def _read() -> dict[str, Any]:
    ledger = services().client.ledger
    try:
        return describe(read_metrics(ledger), ledger.failed(limit=MOST_FAILURES), ledger.settings)
    except LedgerUnavailable:
        return describe_absence()
