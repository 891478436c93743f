"""The web process, which dies once at the worst moment: the ledger has the job, nobody knows yet.

FRAGILE_AT: `accepted`, before the doorbell; `rung`, after it and before the answer. It dies while
the file FRAGILE_MARK exists, and removes it first: the next process lives.
"""

import os
import signal
from pathlib import Path

from jobs.client import JobClient
from jobs.ledger import Acceptance

_ring = JobClient.ring
_accept = JobClient._accept


def die(where: str) -> None:
    mark = Path(os.environ["FRAGILE_MARK"])
    if os.environ["FRAGILE_AT"] == where and mark.exists():
        mark.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def ring(self: JobClient, names: tuple[str, ...]) -> None:
    die("accepted")
    _ring(self, names)


def accept(self: JobClient, *arguments) -> Acceptance:
    taken = _accept(self, *arguments)
    die("rung")
    return taken


JobClient.ring = ring
JobClient._accept = accept

from web.wsgi import app  # noqa: E402  the application that is made with these

__all__ = ["app"]
