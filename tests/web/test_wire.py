"""A real gunicorn with the project's own settings: what bytes on a socket come to."""

import http.client
import json
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from tests.conftest import QueueServer
from tests.web.conftest import Worker
from tests.web.forms import FORM_TYPE, make_form
from tests.web.serving import Web, serve

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closed with RST, as when a phone loses its network

HEAD = b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"


@pytest.fixture(scope="module")
def web(queue_server: QueueServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    queue_server.ask("FLUSHALL")
    with serve(queue_server.url, tmp_path_factory.mktemp("web")) as web:
        yield web


def test_a_whole_body_is_accepted_and_answered(web: Web, hand: Worker, photo: bytes) -> None:
    status, headers, body = web.request("POST", "/api/v1/jobs", photo, Prefer="wait=20")
    assert status == 200, body
    assert headers["Server"] == "spotter"
    assert json.loads(body)["outcome"]["text"] == "human_detected, others"


def test_a_form_is_accepted_and_answered(web: Web, hand: Worker, photo: bytes) -> None:
    status, _, body = web.request(
        "POST", "/api/v1/jobs", make_form([photo]), Content_Type=FORM_TYPE, Prefer="wait=20"
    )
    assert status == 200, body


@pytest.mark.parametrize("share", [0, 1, 5000])
def test_a_cut_body_is_never_accepted(web: Web, photo: bytes, share: int) -> None:
    before = web.accepted()
    payload = HEAD + b"Content-Length: %d\r\n\r\n" % len(photo) + photo[:share]
    status, body = web.send(payload, end=True)
    assert status == 400
    assert json.loads(body)["code"] == "body_incomplete"
    assert web.accepted() == before


def test_a_sender_who_vanishes_is_no_fault_of_ours(web: Web, photo: bytes) -> None:
    begun = len(web.log.read_bytes())
    with web.connect() as wire:
        wire.sendall(HEAD + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(photo))
        assert wire.recv(64).startswith(b"HTTP/1.1 100")
        wire.sendall(photo[:100])
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    deadline = time.monotonic() + 10
    while b'"event": "request"' not in (said := web.log.read_bytes()[begun:]):
        assert time.monotonic() < deadline, said
        time.sleep(0.02)
    assert b'"code": "body_incomplete"' in said


def test_a_cut_form_is_never_accepted(web: Web, photo: bytes) -> None:
    form = make_form([photo])
    head = HEAD.replace(b"image/jpeg", FORM_TYPE.encode())
    payload = head + b"Content-Length: %d\r\n\r\n" % len(form) + form[:-9]
    assert web.send(payload, end=True)[0] == 400


def test_a_chunked_body_is_refused(web: Web, photo: bytes) -> None:
    chunks = b"%x\r\n" % len(photo) + photo + b"\r\n0\r\n\r\n"
    status, body = web.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks, end=True)
    assert status == 411
    assert json.loads(body)["code"] == "length_required"


def test_an_endless_chunked_body_is_not_read_to_its_end(web: Web, photo: bytes) -> None:
    big = bytes(2**26 + 2**24)
    chunks = b"%x\r\n" % len(big) + big
    started = time.monotonic()
    status, _ = web.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert status in (0, 411)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 10\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 10\r\n",
        b"Content-Length: 10\r\nContent-Length: 11\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 0x10\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: xchunked\r\n",
    ],
)
def test_a_doubtful_length_is_refused(web: Web, photo: bytes, lengths: bytes) -> None:
    before = web.accepted()
    status, _ = web.send(HEAD + lengths + b"\r\n0\r\n\r\n" + photo[:10], end=True)
    assert status in (0, 400, 411, 501)
    assert web.accepted() == before


def test_a_body_over_the_limit_is_refused_before_it_is_there(web: Web) -> None:
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as wire:
        wire.sendall(HEAD + b"Content-Length: 40000000\r\n\r\n")
        answer = wire.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert time.monotonic() - started < 1


def test_who_sends_it_all_the_same_can_read_the_refusal(web: Web) -> None:
    started = time.monotonic()
    status, _, body = web.request("POST", "/api/v1/jobs", bytes(40_000_000))
    assert time.monotonic() - started < 1
    assert status == 413
    assert json.loads(body)["code"] == "body_too_large"


def test_a_connection_serves_again_after_a_refusal(web: Web, photo: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=20)
    for path in ("/api/v1/jobs?pipeline=none", "/api/v1/jobs"):
        connection.request("POST", path, body=photo)
        answer = connection.getresponse()
        answer.read()
    assert answer.status == 202
    connection.close()


def test_curl_s_question_whether_to_go_on_is_answered(web: Web, photo: bytes) -> None:
    payload = HEAD + b"Expect: 100-continue\r\nConnection: close\r\n"
    payload += b"Content-Length: %d\r\n\r\n" % len(photo) + photo
    assert web.send(payload)[0] == 100


def test_events_arrive_while_they_happen(web: Web, hand: Worker, photo: bytes) -> None:
    path = json.loads(web.request("POST", "/api/v1/jobs", photo)[2])["links"]["events"]
    status, headers, body = web.request("GET", path)
    assert status == 200
    assert headers["Content-Type"] == "text/event-stream"
    names = [line[7:] for line in body.decode().splitlines() if line.startswith("event: ")]
    assert names[0] == "queued"
    assert names[-1] == "done"


def test_a_waiting_reader_does_not_hold_up_others(web: Web, photo: bytes) -> None:
    path = json.loads(web.request("POST", "/api/v1/jobs", photo)[2])["links"]["self"]
    wires = []
    for _ in range(50):
        wire = socket.create_connection(("127.0.0.1", web.port), timeout=20)
        wire.sendall(f"GET {path}?wait=20 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wires.append(wire)
    started = time.monotonic()
    assert web.request("GET", "/healthz")[0] == 200
    assert time.monotonic() - started < 1
    assert web.request("DELETE", path)[0] == 200
    for wire in wires:
        assert wire.recv(65536).startswith(b"HTTP/1.1 200")
        wire.close()


def test_the_log_has_a_line_for_a_request_with_its_job(web: Web, photo: bytes) -> None:
    _, headers, body = web.request("POST", "/api/v1/jobs?camera=gate", photo)
    lines = [json.loads(line) for line in web.log.read_text().splitlines() if line[:1] == "{"]
    [line] = [one for one in lines if one.get("request_id") == headers["X-Request-Id"]]
    assert (line["event"], line["status"]) == ("request", 202)
    assert line["job_id"] == json.loads(body)["id"]
    assert "camera=gate" not in web.log.read_text()


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 100 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: a\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: a\r\n\r\n", 400),
    ],
    ids=["version", "TLS", "line", "field", "fields", "name", "length"],
)
def test_what_cannot_be_parsed_is_refused_in_our_form(
    web: Web, payload: bytes, expected: int
) -> None:
    status, body = web.send(payload)
    assert status == expected
    problem = json.loads(body)
    assert (problem["code"], problem["status"]) == ("request_malformed", expected)
    assert problem["detail"]
