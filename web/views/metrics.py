"""`/metrics`: the whole system's numbers for Prometheus, from whichever web process is asked."""

from flask import Blueprint, Response, request

from jobs.errors import LedgerUnavailable
from jobs.grants import Scope
from jobs.metrics import Reading, read_metrics
from web.access import needs
from web.services import services

bp = Blueprint("metrics", __name__)


@bp.get("/metrics")
@needs(Scope.WATCH)
def show_metrics() -> Response:
    """Write what the ledger counted; without the ledger only that it is away."""
    from web.exposition import expose  # prometheus_client: at the first scrape

    ledger = services().client.ledger
    reading: Reading | None
    try:
        reading = read_metrics(ledger)
    except LedgerUnavailable:
        reading = None
    body, content_type = expose(reading, ledger.settings, request.headers.get("Accept", ""))
    return Response(body, content_type=content_type)
