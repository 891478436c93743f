"""Half-open connections: everything is swallowed, and nobody is told."""

import time

import pytest

from deploy.chaos.proxy import Proxy
from jobs.messages import JobState
from tests.browser.made import ASTRONAUT
from tests.conftest import QueueServer
from tests.faults.conftest import MakeFleet, MakeWeb
from tests.faults.fleet import Sender, wait_until

pytestmark = pytest.mark.timeout(240)

JOBS = "/api/v1/jobs?pipeline=zomato-rider"
HOLE_SECONDS = 3.0
RECOVERY_SECONDS = 20.0  # seen: 4 to 14


def test_a_worker_behind_a_hole_is_back_in_time_and_loses_no_job(
    make_fleet: MakeFleet, proxy: Proxy, own_queue_server: QueueServer, sender: Sender
) -> None:
    make_fleet(url=proxy.lead(own_queue_server.url)).start()
    sender.keep_sending("slow 0.05", pause_seconds=0.05)
    wait_until(lambda: len(sender.accepted) >= 20, "20 jobs")
    proxy.open_hole()
    time.sleep(HOLE_SECONDS)
    proxy.heal()
    first_after = sender.submit("ok")
    job = sender.await_job(first_after, RECOVERY_SECONDS)
    sender.stop_sending()
    assert job.state is JobState.SUCCEEDED
    assert {job.state for job in sender.await_end()} == {JobState.SUCCEEDED}


def test_a_worker_that_was_idle_in_a_hole_is_back_in_time(
    make_fleet: MakeFleet, proxy: Proxy, own_queue_server: QueueServer, sender: Sender
) -> None:
    make_fleet(url=proxy.lead(own_queue_server.url)).start()
    proxy.open_hole()
    time.sleep(HOLE_SECONDS)
    proxy.heal()
    job = sender.await_job(sender.submit("ok"), RECOVERY_SECONDS)
    assert job.state is JobState.SUCCEEDED


def test_web_behind_a_hole_refuses_in_time_and_works_after_it(
    make_fleet: MakeFleet, make_web: MakeWeb, proxy: Proxy, own_queue_server: QueueServer
) -> None:
    make_fleet(module="tests.faults.digest_app").start()
    web = make_web(url=proxy.lead(own_queue_server.url)).start()
    first = web.submit(ASTRONAUT.read_bytes())
    proxy.open_hole()
    began = time.monotonic()
    status, _ = web.request("POST", JOBS, ASTRONAUT.read_bytes(), **{"Content-Type": "image/jpeg"})
    refused_after = time.monotonic() - began
    proxy.heal()
    wait_until(lambda: web.request("GET", "/readyz")[0] == 200, "web ready", RECOVERY_SECONDS)
    # A caller who waits is woken at once again, though the connection that wakes was half-open.
    wait_until(lambda: _waits_briefly(web), "a caller woken by the news", RECOVERY_SECONDS)
    assert (first["state"], status) == ("succeeded", 503)
    assert refused_after < 6.0


def _waits_briefly(web) -> bool:
    began = time.monotonic()
    web.submit(ASTRONAUT.read_bytes())
    return time.monotonic() - began < 2.0  # without the news a caller looks every 5 s
