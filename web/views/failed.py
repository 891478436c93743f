"""`/failed`: the jobs of all owners that failed last, for who runs the system."""

from flask import Blueprint, render_template

from jobs.grants import Scope
from web.access import needs
from web.representations import represent_job
from web.services import services

bp = Blueprint("failed", __name__)

MOST_SHOWN = 100


@bp.get("/failed")
@needs(Scope.ADMIN)
def show_failed() -> str:
    """List them, newest first, with what went wrong."""
    jobs = services().client.ledger.failed(limit=MOST_SHOWN)
    kept = services().client.ledger.find_kept([job.id for job in jobs])
    return render_template(
        "pages/failed.html", jobs=[represent_job(job) for job in jobs], kept=kept
    )
