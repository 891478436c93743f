"""Real workers, web processes and networks, to be frozen, killed and cut."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.chaos.proxy import Proxy
from tests.browser.stack import Web
from tests.conftest import QueueServer
from tests.faults.fleet import Fleet, Sender

MakeFleet = Callable[..., Fleet]
MakeWeb = Callable[..., Web]


@pytest.fixture
def make_fleet(own_queue_server: QueueServer, tmp_path: Path) -> Iterator[MakeFleet]:
    """Make workers on one strict queue server of their own; those that still live are ended."""
    fleets: list[Fleet] = []

    def make(**options: object) -> Fleet:
        log = tmp_path / f"worker-{len(fleets)}.log"
        fleets.append(Fleet(**{"url": own_queue_server.url, "log": log, **options}))
        return fleets[-1]

    yield make
    for fleet in fleets:
        fleet.kill()


@pytest.fixture
def make_web(own_queue_server: QueueServer, tmp_path: Path) -> Iterator[MakeWeb]:
    """Make web processes on the same server."""
    webs: list[Web] = []

    def make(**options: object) -> Web:
        folder = tmp_path / f"web-{len(webs)}"
        webs.append(Web(**{"url": own_queue_server.url, "folder": folder, **options}))
        return webs[-1]

    yield make
    for web in webs:
        web.stop()


@pytest.fixture
def proxy(own_queue_server: QueueServer) -> Iterator[Proxy]:
    """A network in front of the queue server."""
    proxy = Proxy(own_queue_server.files.socket)
    yield proxy
    proxy.close()


@pytest.fixture
def sender(own_queue_server: QueueServer) -> Iterator[Sender]:
    """Somebody who sends work and sweeps, as web does."""
    sender = Sender(own_queue_server.url)
    sender.start_sweeper()
    yield sender
    sender.stop()
