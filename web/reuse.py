"""Remembers which job answered which picture, so that the same picture need not run again.

Only for callers who ask for it (`Prefer: reuse=N`), and each owner's by itself: nobody learns that
somebody else sent a picture. Holds a keyed hash and a job's id, never bytes or answers: what is
true stands in the ledger. One process's memory, bounded in number and in age; a new release starts
without any, and a new version of a model makes what the old one said unusable.
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import blake2b

from jobs.messages import Job, JobState
from models.catalogue import Pipeline

MOST_PICTURES = 4096  # some 1.5 MB
LONGEST_SECONDS = 3600


class AnsweredPictures:
    """The pictures that were sent lately and may be answered again. Safe for threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._jobs: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._jobs)

    def name_picture(self, owner: str, pipeline: str, picture: bytes) -> bytes:
        """Return a name that nobody can compute outside this process."""
        digest = blake2b(picture, key=self._key, digest_size=32, person=b"spotter.reuse")
        for part in (owner, pipeline):
            digest.update(len(part).to_bytes(4, "big") + part.encode())
        return digest.digest()

    def remember(self, name: bytes, job_id: str) -> None:
        """Note the job that is to answer this picture; the oldest ones are forgotten."""
        with self._lock:
            self._jobs.pop(name, None)
            self._jobs[name] = (job_id, self._clock())
            while len(self._jobs) > MOST_PICTURES:
                self._jobs.popitem(last=False)

    def recall(self, name: bytes, most_seconds: float) -> str | None:
        """Return the job of this picture, if it was sent no longer ago than that."""
        with self._lock:
            job_id, at = self._jobs.get(name, ("", 0.0))
        if job_id and self._clock() - at <= min(most_seconds, LONGEST_SECONDS):
            return job_id
        return None


def still_holds(job: Job, pipeline: Pipeline, chosen: Mapping[str, str]) -> bool:
    """Tell whether the pipeline would say the same now: by the same versions of its models.

    `chosen` is model to version where an operator chose one, as `jobs.versions` has it. A stage
    that was not asked has no say: those before it would stop the picture again.
    """
    if job.state is not JobState.SUCCEEDED or job.outcome is None:
        return False
    now = {stage.model: chosen.get(stage.model, stage.version) for stage in pipeline.stages}
    return all(stage.version == now.get(stage.model) for stage in job.outcome.stages)
