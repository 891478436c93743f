"""Slow and many connections at a real gunicorn: a good one is served while they last."""

import contextlib
import json
import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.conftest import QueueServer
from tests.web.conftest import Worker
from tests.web.serving import Web, read_all, read_status, serve
from web.crowd import SILENCE_SECONDS

SLOW = 200
MOST = 450
HEAD = b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
BODY_BYTES = 20 * 2**20


@pytest.fixture(scope="module")
def web(queue_server: QueueServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    queue_server.ask("FLUSHALL")
    folder = tmp_path_factory.mktemp("web")
    with serve(queue_server.url, folder, SPOTTER_MAX_CONNECTIONS=str(MOST)) as web:
        yield web


class Drip:
    """Many connections that send one byte a second each, until they are answered or closed."""

    def __init__(self, web: Web, start: bytes, count: int = SLOW) -> None:
        self.wires = [web.connect() for _ in range(count)]
        self.answers: list[bytes] = []
        self.stop = threading.Event()
        for wire in self.wires:
            wire.sendall(start)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        left = set(self.wires)
        while left and not self.stop.is_set():
            for wire in select.select(list(left), [], [], 0.5)[0]:
                self.answers.append(read_all(wire))
                left.discard(wire)
            for wire in left:
                with contextlib.suppress(OSError):
                    wire.send(b"a")
            self.stop.wait(0.5)

    def close(self) -> None:
        self.stop.set()
        self.thread.join()
        for wire in self.wires:
            wire.close()

    def statuses(self) -> list[int]:
        return [read_status(answer) for answer in self.answers]


@contextlib.contextmanager
def dripping(web: Web, start: bytes, count: int = SLOW) -> Iterator[Drip]:
    drip = Drip(web, start, count)
    try:
        yield drip
    finally:
        drip.close()


def check_service(web: Web, photo: bytes, times: int = 5) -> None:
    """A probe, a page and a classification each take less than a second."""
    for _ in range(times):
        for method, path, body in (
            ("GET", "/healthz", None),
            ("GET", "/", None),
            ("POST", "/api/v1/jobs", photo),
        ):
            started = time.monotonic()
            status, _, text = web.request(method, path, body, Prefer="wait=20")
            assert status == 200, text
            assert time.monotonic() - started < 1, path


def test_slow_heads_and_bodies_keep_nobody_waiting(web: Web, hand: Worker, photo: bytes) -> None:
    length = b"Content-Length: %d\r\n\r\n" % BODY_BYTES
    with dripping(web, b"GET / HTTP/1.1\r\nX: ") as heads, dripping(web, HEAD + length) as bodies:
        check_service(web, photo)
        bodies.thread.join(30)
        heads.thread.join(5)
        check_service(web, photo, 1)
    assert heads.statuses().count(408) == SLOW
    assert bodies.statuses() == [408] * SLOW
    assert all(b"request_too_slow" in answer for answer in bodies.answers)


def test_readers_who_take_nothing_keep_nobody_waiting(web: Web, hand: Worker, photo: bytes) -> None:
    body = web.request("POST", "/api/v1/jobs", photo)[2]
    events = json.loads(body)["links"]["events"]
    asked = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n"
    photos = asked % b"/static/img/astronaut.jpg" * 8  # more than the kernel holds for a reader
    with contextlib.ExitStack() as wires:
        for number in range(SLOW):
            wire = wires.enter_context(socket.socket())
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            wire.connect(("127.0.0.1", web.port))
            wire.sendall(asked % events.encode() if number % 2 else photos)
        check_service(web, photo)


def test_silent_connections_make_room_where_all_places_are_taken(
    web: Web, hand: Worker, photo: bytes
) -> None:
    with dripping(web, b"", count=MOST + 100):
        time.sleep(SILENCE_SECONDS)  # as long as a fresh one is left alone
        check_service(web, photo)


def test_who_comes_when_all_places_are_in_use_is_told_at_once(web: Web, photo: bytes) -> None:
    path = json.loads(web.request("POST", "/api/v1/jobs", photo)[2])["links"]["self"]
    asked = f"GET {path}?wait=5 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with contextlib.ExitStack() as wires:
        waiting = [wires.enter_context(web.connect()) for _ in range(MOST)]
        for wire in waiting:
            wire.sendall(asked)
        deadline = time.monotonic() + 10
        status = 200
        while status == 200 and time.monotonic() < deadline:  # until all of them have asked
            started = time.monotonic()
            status, headers, body = web.request("GET", "/healthz")
        assert status == 503
        assert time.monotonic() - started < 1
        assert json.loads(body)["code"] == "too_many_connections"
        assert int(headers["Retry-After"]) > 0
    deadline = time.monotonic() + 10
    while not web.is_ready():
        assert time.monotonic() < deadline
