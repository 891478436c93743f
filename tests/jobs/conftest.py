"""A ledger on an empty database."""

from collections.abc import Callable
from typing import Any

import pytest

from jobs.ledger import Ledger
from jobs.settings import JobsSettings
from tests.jobs.factories import make_submission

Submit = Callable[..., str]


@pytest.fixture
def ledger(redis_url: str) -> Ledger:
    return Ledger.connect(JobsSettings(redis_url=redis_url))


@pytest.fixture
def hasty(redis_url: str) -> Ledger:
    """A ledger whose leases run out at once."""
    return Ledger.connect(JobsSettings(redis_url=redis_url, lease_seconds=0))


@pytest.fixture
def submit(ledger: Ledger) -> Submit:
    """Submit one picture and return the job's id."""

    def submit_one(**fields: Any) -> str:
        return ledger.accept([make_submission(**fields)]).id

    return submit_one
