"""`/healthz`: the process lives. `/readyz`: a job can be accepted, and how the system stands."""

from collections import defaultdict

from flask import Blueprint, Response

from jobs.messages import Census
from web.access import open_to_all
from web.answers import answer_json
from web.services import services

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@open_to_all
def show_life() -> Response:
    """Answer, whatever the state of anything else."""
    return answer_json({"alive": True})


@bp.get("/readyz")
@open_to_all
def show_readiness() -> Response:
    """Answer 200 where a job can be written now, with or without workers; else 503."""
    client = services().client
    client.ledger.ping()
    return answer_json(represent_census(client.census()))


def represent_census(census: Census) -> dict[str, object]:
    """Return the JSON form of how the system stands; `models` names every version in use."""
    versions: defaultdict[str, set[str]] = defaultdict(set)
    for worker in census.workers:
        for model, version in worker.models.items():
            versions[model].add(version)
    return {
        "ready": True,
        "workers": len(census.workers),
        "models": {model: sorted(found) for model, found in sorted(versions.items())},
        "durability": census.durability,
        "waiting": census.waiting_interactive + census.waiting_bulk,
        "running": census.running,
    }
