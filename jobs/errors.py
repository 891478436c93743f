"""What can go wrong between a caller and the ledger; web turns these into HTTP answers."""


class JobsError(Exception):
    """Base of every error of this package."""


class SettingError(JobsError):
    """An environment variable holds a value that cannot be used; the text names it."""


class LedgerUnavailable(JobsError):
    """Redis did not answer in time, refused the write, or is not there: nothing was accepted."""


class PictureGone(JobsError):
    """The picture of a failed job is not kept, or not any more: it must be sent again."""


class QueueFull(JobsError):
    """A limit is reached and the job was refused before anything was stored.

    `reason` is `depth` (waiting jobs), `share` (this owner's open jobs), `bytes` (pictures
    waiting), `memory` (the server's own use) or `late` (a caller who waits would have its answer
    too late); `retry_after_seconds` is when to try again.
    """

    def __init__(self, reason: str, retry_after_seconds: int) -> None:
        super().__init__(f"the queue is full ({reason}); try again in {retry_after_seconds} s")
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class IdempotencyConflict(JobsError):
    """The idempotency key was used before with another request; `job_id` is what it made then."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"this idempotency key belongs to another request (job {job_id})")
        self.job_id = job_id


class TooManyWaiters(JobsError):
    """This process already holds as many waiting readers as it was set to hold."""
