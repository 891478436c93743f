"""The downloader against a server on this machine that misbehaves on request."""

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from models.training.datasets.download import Downloader
from models.training.datasets.entries import DatasetError

PICTURE = b"\xff\xd8" + bytes(3000)


class Server(ThreadingHTTPServer):
    asked: Counter[str]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        first = self.server.asked[self.path] == 1
        if self.path == "/page":
            self._answer(200, b"<html>", {"Content-Type": "text/html"})
        elif self.path == "/away":
            self._answer(302, b"", {"Location": "ftp://127.0.0.1/a.jpg"})
        elif self.path == "/missing":
            self._answer(404, b"", {})
        elif self.path == "/busy" and first:
            self._answer(429, b"", {"Retry-After": "7"})
        elif self.path == "/down":
            self._answer(503, b"", {})
        else:
            self._answer(200, PICTURE, {"Content-Type": "image/jpeg"})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.path != "/endless":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.asked = Counter()
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def downloader(tmp_path: Path, waits: list[float]) -> Downloader:
    return Downloader(folder=tmp_path / "kept", pause_seconds=0, sleep=waits.append)


def address(server: Server, path: str) -> str:
    return f"http://127.0.0.1:{server.server_port}{path}"


def test_a_picture_is_fetched_once_and_kept(server: Server, downloader: Downloader) -> None:
    for _ in range(2):
        assert downloader.fetch(address(server, "/a.jpg")).read_bytes() == PICTURE
    assert server.asked["/a.jpg"] == 1


def test_a_busy_server_is_asked_again_when_it_said(
    server: Server, downloader: Downloader, waits: list[float]
) -> None:
    assert downloader.fetch(address(server, "/busy")).read_bytes() == PICTURE
    assert waits == [7.0]


@pytest.mark.parametrize(
    ("path", "reason", "asked"),
    [
        ("/page", "is text/html, expected a picture", 1),
        ("/missing", "answered 404", 1),
        ("/down", "answered 503", 3),
        ("/away", "http:// or https://", 1),
    ],
)
def test_what_is_no_picture_is_refused(
    server: Server, downloader: Downloader, path: str, reason: str, asked: int
) -> None:
    with pytest.raises(DatasetError, match=reason):
        downloader.fetch(address(server, path))
    assert server.asked[path] == asked


@pytest.mark.parametrize("path", ["/large", "/endless"], ids=["announced", "unannounced"])
def test_a_file_over_the_limit_is_refused(
    server: Server, downloader: Downloader, path: str
) -> None:
    downloader.max_bytes = 1000
    with pytest.raises(DatasetError, match="larger than 1000 bytes"):
        downloader.fetch(address(server, path))


def test_two_requests_to_one_host_are_apart(
    server: Server, downloader: Downloader, waits: list[float]
) -> None:
    downloader.pause_seconds = 30
    for path in ("/one", "/two"):
        downloader.fetch(address(server, path))
    (waited,) = waits
    assert 29 < waited <= 30


def test_a_file_address_is_refused(downloader: Downloader) -> None:
    with pytest.raises(DatasetError, match="http:// or https://"):
        downloader.fetch("file:///etc/hostname")
