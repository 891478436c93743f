"""What a worker knows of itself, for its own scraper: `/metrics` at its health port.

The children count into the ledger, under their host's name, so that one that died has not taken its
counts along; the main process adds what it sees itself.
"""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from celery.worker import state

from jobs.connection import translated
from jobs.counters import HOST
from jobs.errors import JobsError
from jobs.ledger import Ledger
from worker.probe import find_workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """One worker at one moment. `counts`: by the parts of their name (`worker/account.py`).

    `memory_bytes`: resident memory, by `main` and `children`; empty where the system does not say.
    `models`: for each pair of a model and its version how many children have it loaded.
    """

    is_ledger_up: bool
    doorbells: int
    drains: int
    memory_bytes: Mapping[str, int]
    children: int = 0
    models: Mapping[tuple[str, str], int] = field(default_factory=dict)
    counts: Mapping[tuple[str, ...], int] = field(default_factory=dict)


def read_vitals(ledger: Ledger, host: str) -> Vitals:
    """Look once; a ledger that is away leaves out what it alone knows."""
    doorbells, drains = sum(state.total_count.values()), len(state.active_requests)
    own = _read_memory([os.getpid()])
    try:
        with translated():
            counts = ledger.client.hgetall(HOST + host)
        workers = find_workers(ledger, host)
    except JobsError:
        return Vitals(
            is_ledger_up=False, doorbells=doorbells, drains=drains, memory_bytes={"main": own}
        )
    children = _read_memory([int(worker.name.rpartition("-")[2]) for worker in workers])
    return Vitals(
        is_ledger_up=True,
        doorbells=doorbells,
        drains=drains,
        memory_bytes={"main": own, "children": children},
        children=len(workers),
        models=Counter(pair for worker in workers for pair in worker.models.items()),
        counts={tuple(name.decode().split("|")): int(count) for name, count in counts.items()},
    )


def _read_memory(processes: list[int]) -> int:
    """Return the resident memory of processes in bytes; of those that are gone, none."""
    pages = 0
    for process in processes:
        try:
            pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")
