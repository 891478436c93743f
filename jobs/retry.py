"""Tries a failed job again: as a new job, since a final state never changes.

Only the picture of a job that failed by a fault of ours is kept, for `keep_failed_seconds`; for
any other it must be sent again (docs/decisions/0009-access.md).
"""

from jobs.errors import PictureGone
from jobs.ledger import Acceptance, Ledger
from jobs.messages import Job, JobClass, Submission, new_id


def retry(ledger: Ledger, job: Job, *, request_id: str = "") -> Acceptance:
    """Accept the kept picture once more for the same owner; twice asked is one new job.

    The new job has no camera: an old frame must not take the place of a newer one.

    Raises:
        PictureGone: the picture is not there.
        QueueFull, LedgerUnavailable: as `Ledger.accept`.
    """
    picture = ledger.read_kept(job.id)
    if picture is None:
        raise PictureGone(f"the picture of job {job.id} is not kept any more")
    submission = Submission(
        id=new_id(),
        pipeline=job.pipeline,
        image=picture,
        owner=job.owner,
        bulk=job.job_class is JobClass.BULK,
        request_id=request_id,
    )
    # No caller can send such a key: the header takes no control characters.
    key = f"\x1fretry:{job.id}"
    return ledger.accept([submission], idempotency_key=key, fingerprint=job.id)
