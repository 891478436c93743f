"""A ledger on an empty database, with leases short enough to wait for, and a child beside it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jobs.ledger import Ledger
from jobs.messages import Lease
from jobs.settings import JobsSettings
from jobs.versions import Versions
from tests.jobs.factories import make_submission, take
from tests.worker.cascades import Answer
from worker.child import Child
from worker.rollover import Loaded, Rollover

MakeChild = Callable[..., Child]


@pytest.fixture
def ledger(redis_url: str) -> Ledger:
    return Ledger.connect(
        JobsSettings(
            redis_url=redis_url,
            lease_seconds=1.0,
            heartbeat_seconds=0.2,
            picture_seconds=0.5,
            linger_seconds=0.3,
            sweep_seconds=0.05,
        )
    )


@pytest.fixture
def submit(ledger: Ledger) -> Callable[..., str]:
    """Submit one picture and return the job's id."""
    return lambda **fields: ledger.accept([make_submission(**fields)]).id


@pytest.fixture
def lease(ledger: Ledger, submit: Callable[..., str]) -> Lease:
    """A lease of a new job, held by `drainer`."""
    submit()
    return take(ledger)


@pytest.fixture
def make_child(ledger: Ledger) -> Iterator[MakeChild]:
    """Make a child with one cascade; what it rings is kept in `rung`, its end in `ends`."""
    children: list[Child] = []

    def make(cascade: Any = None, lone: Any = None) -> Child:
        loaded = Loaded(
            cascades={"zomato-rider": cascade or Answer()},
            models={"person": "1"},
            lone={"zomato-rider": lone} if lone else {},
        )
        rollover = Rollover(lambda _: loaded, Versions(ledger.client))
        child = Child(ledger, rollover, name="child", ring=lambda names: None)
        child.ends = []
        child.guard._end_process = child.ends.append
        children.append(child)
        return child

    yield make
    for child in children:
        child.pulse.retire()  # else it would be seen by the next tests on this database
        child.guard.close()
