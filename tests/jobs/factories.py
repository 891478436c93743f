"""Makes what goes into a ledger, and plays the worker."""

from typing import Any

from jobs.ledger import Ledger
from jobs.messages import Batch, Job, Lease, Outcome, Report, StageResult, Submission, new_id
from jobs.records import PREFIX

# What a stage that passed says, in jobs' words and in those of models, which are the same.
STAGE: dict[str, Any] = {
    "stage": "person",
    "question": "Is there a human?",
    "model": "person",
    "version": "1",
    "label": "human",
    "score": 0.98,
    "threshold": 0.5,
    "unsure_band": (0.4, 0.6),
    "passed": True,
    "unsure": False,
    "scores": {"human": 0.98, "no_human": 0.02},
    "milliseconds": 2.9,
}


def make_submission(**fields: Any) -> Submission:
    given = {"id": new_id(), "pipeline": "zomato-rider", "image": b"picture", "owner": "local"}
    return Submission(**{**given, **fields})


def make_stage(**fields: Any) -> StageResult:
    return StageResult(**{**STAGE, **fields})


def make_outcome(text: str = "human_detected, others") -> Outcome:
    return Outcome(text=text, label="others", unsure=False, stages=(make_stage(),))


def make_batch(count: int, owner: str = "local", **fields: Any) -> tuple[Batch, list[Submission]]:
    batch_id = new_id()
    fields = {"owner": owner, "bulk": True, **fields}
    submissions = [make_submission(**fields) for _ in range(count)]
    items = tuple(one.id for one in submissions)
    batch = Batch(id=batch_id, owner=owner, pipeline="zomato-rider", submitted_ms=0, items=items)
    return batch, submissions


def take(ledger: Ledger, drainer: str = "drainer") -> Lease:
    lease = ledger.advance(drainer, None, take=True).lease
    assert lease is not None, "nothing waits"
    return lease


def finish(ledger: Ledger, lease: Lease, text: str = "human_detected, others") -> bool | None:
    report = Report(job_id=lease.job_id, token=lease.token, outcome=make_outcome(text))
    return ledger.advance("drainer", report, take=False).reported


def drain_order(ledger: Ledger) -> list[str]:
    """Work off everything that waits; the ids in the order of their leases."""
    order = []
    while (lease := ledger.advance("drainer", None, take=True).lease) is not None:
        order.append(lease.job_id)
        finish(ledger, lease)
    return order


def look_up(ledger: Ledger, job_id: str) -> Job:
    job = ledger.get(job_id)
    assert job is not None
    return job


def blob_keys(ledger: Ledger) -> list[bytes]:
    """The keys of the pictures that are held."""
    return list(ledger.client.scan_iter(f"{PREFIX}blob:*"))
