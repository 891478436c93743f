"""A thousand waiting readers at a real gunicorn: one connection to Redis, a word for the rest."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from jobs.changes import MAX_WAITERS
from tests.conftest import QueueServer
from tests.faults.fleet import wait_until
from tests.web.serving import Web, serve
from web.connections import allow_files

CALLERS, MORE = 100, 10
REDIS_CONNECTIONS = 34  # the pool of the ledger, the listener, and one of ours that asks


@pytest.fixture(scope="module")
def web(queue_server: QueueServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    queue_server.ask("FLUSHALL")
    assert allow_files(MAX_WAITERS + MORE) == MAX_WAITERS + MORE, "held here too"
    with serve(queue_server.url, tmp_path_factory.mktemp("web")) as web:
        yield web


def count_refused(web: Web) -> int:
    return web.log.read_text().count('"code": "too_many_waiters"')


def answers_quickly(web: Web, path: str) -> bool:
    started = time.monotonic()
    assert web.request("GET", "/healthz")[0] == web.request("GET", path)[0] == 200
    return time.monotonic() - started < 1


def ask(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def count_clients(server: QueueServer) -> tuple[int, int]:
    """All connections of the server, and those that listen for changes."""
    lines = server.ask("CLIENT", "LIST").splitlines()
    return len(lines), sum(" sub=1 " in line for line in lines)


def read_until(wire: socket.socket, *words: bytes) -> bytes:
    text = b""
    while not any(word in text for word in words) and (part := wire.recv(65536)):
        text += part
    return text


def test_a_thousand_readers_hold_one_connection_and_the_next_is_told(
    web: Web, queue_server: QueueServer, photo: bytes
) -> None:
    before, _ = count_clients(queue_server)
    links = json.loads(web.request("POST", "/api/v1/jobs", photo)[2])["links"]
    with contextlib.ExitStack() as wires:
        followers = []
        for number in range(MAX_WAITERS - CALLERS):
            followers.append(wires.enter_context(web.connect(60)))
            followers[-1].sendall(ask(links["events"]))
            if number % 50 == 49:
                followers[-1].recv(1, socket.MSG_PEEK)  # no stampede: they have been looked at
        callers = [wires.enter_context(web.connect(60)) for _ in range(CALLERS + MORE)]
        for wire in callers:
            wire.sendall(ask(f"{links['self']}?wait=30"))
        wait_until(lambda: count_refused(web) == MORE, "all are answered or wait", 60)
        status, headers, body = web.request("GET", f"{links['self']}?wait=1")
        assert status == 429
        assert json.loads(body)["code"] == "too_many_waiters"
        assert int(headers["Retry-After"]) > 0
        assert web.request("GET", links["events"])[0] == 429

        clients, listeners = count_clients(queue_server)
        assert listeners == 1
        assert clients - before < REDIS_CONNECTIONS
        wait_until(lambda: answers_quickly(web, links["self"]), "an answer within a second", 30)

        assert web.request("DELETE", links["self"])[0] == 200
        texts = [read_until(wire, b'"cancelled"', b"too_many_waiters") for wire in callers]
        texts += [read_until(wire, b"event: done", b"too_many_waiters") for wire in followers]
        assert sum(b"cancelled" in text for text in texts) == MAX_WAITERS
    assert threading.active_count() < 20
