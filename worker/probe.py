"""Tell whether this machine's worker works: `python -m worker.probe`, for a container's check.

Healthy means that a pool child of this host has loaded its models and was seen in the ledger a
moment ago, so an answer takes the whole way: process, models, network, Redis. Exits with 0, or
with 1 and one line on stderr that says what is wrong.
"""

import os
import socket
import sys

from jobs.tracing import keep_out

keep_out(os.environ)

from jobs.errors import JobsError
from jobs.ledger import Ledger
from jobs.messages import Worker
from jobs.secret_manager import reveal
from jobs.settings import JobsSettings


def find_workers(ledger: Ledger, host: str) -> list[Worker]:
    """Return the pool children of `host` that the ledger saw a moment ago."""
    return [one for one in ledger.census().workers if one.name.rpartition("-")[0] == host]


def find_children(ledger: Ledger, host: str) -> list[str]:
    """Return their names."""
    return [worker.name for worker in find_workers(ledger, host)]


def main() -> int:
    """Look once."""
    host = socket.gethostname()
    try:
        ledger = Ledger.connect(
            JobsSettings.from_env({**os.environ, **reveal(os.environ)}), max_connections=1
        )
        children = find_children(ledger, host)
    except JobsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if not children:
        sys.stderr.write(f"no child of the worker on {host} is seen in the ledger\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
