"""Counts that only a process knows (requests, times of stages), added to the ledger once a second.

What scripts know, they count themselves (`lua/sweep.lua`). Here nothing is sent while a request or
a picture is in hand. A process that is killed loses the counts of its last second; one whose Redis
is away keeps them until it is back.
"""

import threading
from bisect import bisect_left

from jobs.connection import Client, translated
from jobs.errors import LedgerUnavailable
from jobs.records import PREFIX

METRICS, STATS = f"{PREFIX}metrics", f"{PREFIX}stats"
HOST = f"{PREFIX}host:"  # and a host's name: what its worker counts for its own scraper
HOST_SECONDS = 24 * 3600  # how long the counts of a host are kept that counts no more
# Upper bounds of every histogram in milliseconds; lua/sweep.lua has the same ones.
BOUNDS = (
    *(1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000),
    *(30000, 60000, 300000, 1800000),
)
BUCKETS = (*(str(bound) for bound in BOUNDS), "inf")
SUM = "sum"
REFUSED = "refused"


def name_counter(*parts: str) -> str:
    """Put a counter's name together; a bar inside a part would part it once more."""
    return "|".join(part.replace("|", "/") for part in parts)


class Counters:
    """The counts of one process since they were last sent. Safe for threads.

    `host`: they are those of this host alone, not of the whole system.
    """

    def __init__(self, host: str = "") -> None:
        self._host = host
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def add(self, counter: str, number: int = 1) -> None:
        """Count; `counter` comes from `name_counter`."""
        with self._lock:
            self._counts[counter] = self._counts.get(counter, 0) + number

    def observe(self, histogram: str, milliseconds: float) -> None:
        """Count a duration in its bucket and in the sum, which is in microseconds."""
        self.add(f"{histogram}|{BUCKETS[bisect_left(BOUNDS, milliseconds)]}")
        self.add(f"{histogram}|{SUM}", max(0, round(milliseconds * 1000)))

    def send(self, client: Client) -> None:
        """Add the counts to the ledger's in one round trip; nothing is sent where there are none.

        Raises:
            LedgerUnavailable: Redis did not confirm; the counts are kept for the next time. Where
                it only failed to answer, they are counted twice.
        """
        with self._lock:
            counts, self._counts = self._counts, {}
        if not counts:
            return
        refused = sum(n for counter, n in counts.items() if counter.startswith(f"{REFUSED}|"))
        try:
            with translated():
                pipe = client.pipeline(transaction=True)
                key = HOST + self._host if self._host else METRICS
                for counter, number in counts.items():
                    pipe.hincrby(key, counter, number)
                if self._host:
                    pipe.expire(key, HOST_SECONDS)
                if refused:
                    pipe.hincrby(STATS, REFUSED, refused)
                pipe.execute()
        except LedgerUnavailable:
            for counter, number in counts.items():
                self.add(counter, number)
            raise
