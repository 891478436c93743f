"""Makes the append-only file forget what was deleted: a picture's bytes stay in it until then.

A deleted picture leaves the disk at the latest one `EVERY_SECONDS` and the seconds of a rewrite
after its job ended, as long as the server runs; at a stop the rest waits for the next start, whose
first rewrite comes after `FIRST_SECONDS`.
"""

import time

from deploy.embedded_redis.client import ask
from deploy.embedded_redis.errors import QueueServerError
from deploy.embedded_redis.files import ServerFiles

EVERY_SECONDS = 15 * 60.0
FIRST_SECONDS = 60.0
_RETRY_SECONDS = 10.0


class Rewrites:
    """Asks the server for a rewrite when one is due and something was written since the last."""

    def __init__(self, files: ServerFiles, *, first_seconds: float = FIRST_SECONDS) -> None:
        """Take the server's files; the first rewrite is due in `first_seconds`."""
        self._files = files
        self._due = time.monotonic() + first_seconds
        self._first = True

    def tend(self) -> None:
        """Start a rewrite in the server where one is due; return at once."""
        now = time.monotonic()
        if now < self._due:
            return
        try:
            state = read_persistence(self._files)
            # What the files held at the server's start counts as its base size: the first rewrite
            # cannot tell from it whether something was deleted, so it is always done.
            written = self._first or state["aof_current_size"] > state["aof_base_size"]
            if written and not state["aof_rewrite_in_progress"]:
                ask(self._files, "BGREWRITEAOF")
                self._first = False
        except (OSError, QueueServerError):  # it is starting, or full: the next try is soon enough
            self._due = now + _RETRY_SECONDS
        else:
            self._due = now + EVERY_SECONDS


def read_persistence(files: ServerFiles) -> dict[str, int]:
    """Return the whole numbers of the server's INFO persistence: sizes in bytes, flags 0 or 1."""
    pairs = (line.partition(":") for line in ask(files, "INFO", "persistence").splitlines())
    return {name: int(value) for name, _, value in pairs if value.lstrip("-").isdigit()}
