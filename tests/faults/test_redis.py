"""The queue server dies, freezes, drops its connections, runs out of memory or of disk."""

import contextlib
import resource
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from deploy.embedded_redis.messages import explain
from jobs.errors import JobsError
from jobs.messages import JobState
from jobs.records import PREFIX
from tests.browser.made import ASTRONAUT
from tests.browser.stack import Web
from tests.conftest import QueueServer
from tests.faults.conftest import MakeFleet, MakeWeb
from tests.faults.fleet import Sender, wait_until

pytestmark = pytest.mark.timeout(240)

JOBS = "/api/v1/jobs?pipeline=zomato-rider"
JPEG = {"Content-Type": "image/jpeg"}
ALLOWED_SECONDS = 6.0


def post(web: Web, **headers: str) -> tuple[int, Any, float]:
    """Send a picture; the status, the answer, and the seconds that it took."""
    began = time.monotonic()
    status, answer = web.request("POST", JOBS, ASTRONAUT.read_bytes(), **JPEG, **headers)
    return status, answer, time.monotonic() - began


@contextlib.contextmanager
def frozen(server: QueueServer) -> Iterator[None]:
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


def test_a_dead_server_means_503_and_a_new_one_202(
    make_web: MakeWeb, own_queue_server: QueueServer
) -> None:
    web = make_web().start()
    own_queue_server.kill()
    while_dead = post(web)
    own_queue_server.start()
    after = post(web)
    assert (while_dead[0], while_dead[1]["code"]) == (503, "ledger_unavailable")
    assert while_dead[2] < ALLOWED_SECONDS
    assert after[0] == 202


def test_a_frozen_server_means_503_in_time_and_no_second_job(
    make_web: MakeWeb, own_queue_server: QueueServer, sender: Sender
) -> None:
    web = make_web().start()
    with frozen(own_queue_server):
        status, answer, seconds = post(web, Idempotency_Key="one")
        # While it is frozen, everything that is not about jobs goes on.
        alive = web.request("GET", "/healthz")[0]
    assert (status, answer["code"], alive) == (503, "ledger_unavailable", 200)
    assert seconds < ALLOWED_SECONDS
    # The server may have read the refused request when it woke: the retry must not add a job.
    again, job, _ = post(web, Idempotency_Key="one")
    third = post(web, Idempotency_Key="one")[1]
    assert again == 202
    assert third["id"] == job["id"]
    assert sender.ledger.census().waiting_interactive == 1


def test_a_server_that_drops_its_connections_costs_no_job(
    make_fleet: MakeFleet, own_queue_server: QueueServer, sender: Sender
) -> None:
    make_fleet().start()
    sender.keep_sending("slow 0.02")
    for _ in range(6):
        wanted = len(sender.accepted) + 10
        wait_until(lambda n=wanted: len(sender.accepted) >= n, "10 more jobs")
        own_queue_server.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    sender.stop_sending()
    assert {job.state for job in sender.await_end()} == {JobState.SUCCEEDED}


def test_a_server_without_memory_refuses_and_finishes_all_after_relief(
    make_fleet: MakeFleet, make_web: MakeWeb, own_queue_server: QueueServer, sender: Sender
) -> None:
    fleet, web = make_fleet().start(), make_web().start()
    sender.keep_sending("slow 0.02")
    wait_until(lambda: len(sender.accepted) >= 20, "20 jobs")
    limit = own_queue_server.ask("CONFIG", "GET", "maxmemory")
    assert limit
    own_queue_server.ask("CONFIG", "SET", "maxmemory", "1mb")
    refused = post(web)
    wait_until(lambda: _cannot_accept(sender), "a refusal")
    own_queue_server.ask("CONFIG", "SET", "maxmemory", "256mb")
    if fleet.process.poll() is not None:  # Celery may end here; `make up` starts it again
        fleet.start()
    accepted = wait_until(lambda: post(web)[0] == 202, "a picture taken again", 20)
    sender.stop_sending()
    assert (refused[0], accepted) == (503, True)
    assert refused[2] < ALLOWED_SECONDS
    assert {job.state for job in sender.await_end()} == {JobState.SUCCEEDED}


def _cannot_accept(sender: Sender) -> bool:
    try:
        sender.submit("ok")
    except JobsError:
        return True
    return False


def test_a_full_disk_loses_nothing_that_was_accepted(
    make_fleet: MakeFleet, own_queue_server: QueueServer, sender: Sender
) -> None:
    """A limit on the size of the server's files stands for the disk: a write fails half-way."""
    written = own_queue_server.files.append_only_folder
    size = max(file.stat().st_size for file in written.iterdir()) + 300_000
    server = psutil.Process(own_queue_server.process.pid)
    server.rlimit(resource.RLIMIT_FSIZE, (size, size))
    for _ in range(100):
        try:
            sender.send(b"ok " + bytes(20_000).replace(b"\0", b"x"))
        except JobsError:
            break
    taken = list(sender.accepted)
    own_queue_server.process.wait(timeout=10)  # with `always` it ends rather than lie
    own_queue_server.start()  # with room on the disk again, as `make up` tries every few seconds
    make_fleet().start()
    jobs = sender.await_end()
    assert 5 < len(taken) < 100
    assert {job.state for job in jobs} == {JobState.SUCCEEDED}


def test_the_place_where_the_disk_was_full_is_named(own_queue_server: QueueServer) -> None:
    server = psutil.Process(own_queue_server.process.pid)
    server.rlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    with contextlib.suppress(JobsError):
        Sender(own_queue_server.url).send(b"ok " + b"x" * 100_000)
    own_queue_server.process.wait(timeout=10)
    lines = (own_queue_server.files.folder / "server.log").read_text().splitlines()
    assert "is full" in explain(lines, own_queue_server.files.folder)


def test_a_waiting_reader_of_a_server_that_dies_keeps_its_job(
    make_web: MakeWeb, own_queue_server: QueueServer
) -> None:
    """The job was on the disk before the server died, so its caller is told so, and not 503."""
    web = make_web().start()
    answers: list[tuple[int, Any, float]] = []
    caller = threading.Thread(target=lambda: answers.append(post(web, Prefer="wait=10")))
    caller.start()
    ledger = Sender(own_queue_server.url).ledger
    wait_until(lambda: ledger.census().waiting_interactive == 1, "the job")
    own_queue_server.kill()
    caller.join()
    own_queue_server.start()
    status, job, _ = answers[0]
    assert status == 202
    assert ledger.client.exists(f"{PREFIX}job:{job['id']}") == 1
