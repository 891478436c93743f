"""Real workers as real processes, to be frozen and killed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import QueueServer
from tests.faults.fleet import Fleet

MakeFleet = Callable[..., Fleet]


@pytest.fixture
def make_fleet(own_queue_server: QueueServer, tmp_path: Path) -> Iterator[MakeFleet]:
    """Make workers on one strict queue server of their own; those that still live are ended."""
    fleets: list[Fleet] = []

    def make(**options: object) -> Fleet:
        log = tmp_path / f"worker-{len(fleets)}.log"
        fleets.append(Fleet(url=own_queue_server.url, log=log, **options))
        return fleets[-1]

    yield make
    for fleet in fleets:
        fleet.kill()
