"""Clients that send photos one after another, each over a connection of its own, and wait.

Written on sockets, with requests made beforehand, so that the clients cost the measured system as
little of the machine as they can.
"""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from deploy.bench.system import BenchError

BOUNDARY = "----bench-5b1f0c2e9a"
JOBS = "/api/v1/jobs"
BATCHES = "/api/v1/batches"
LONGEST_SECONDS = 60.0
# Both stages have run, or the photo did not cost what it is taken to cost.
SECOND_STAGE = b'"stage":"zomato_rider"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What came of one stretch of load: seconds of CPU, and the ms that each image took."""

    cpu_seconds: float
    wall_seconds: float
    milliseconds: Sequence[float] = field(repr=False)

    @property
    def images(self) -> int:
        """Return how many images were answered."""
        return len(self.milliseconds)


def make_request(
    path: str, body: bytes, *, content_type: str = "image/jpeg", prefer: str = "wait=25"
) -> bytes:
    """Write one POST."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
        f"Prefer: {prefer}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def make_form(photos: Sequence[bytes]) -> tuple[bytes, str]:
    """Put photos into a form; return it with its content type."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="{place}.jpg"'
        f"\r\nContent-Type: image/jpeg\r\n\r\n".encode()
        + photo
        + b"\r\n"
        for place, photo in enumerate(photos)
    ]
    body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
    return body, f"multipart/form-data; boundary={BOUNDARY}"


def make_raw_requests(photos: Sequence[bytes], *, prefer: str = "wait=25") -> list[bytes]:
    """Write a request for each photo, with its bytes as the body."""
    return [make_request(JOBS, photo, prefer=prefer) for photo in photos]


def make_form_requests(photos: Sequence[bytes]) -> list[bytes]:
    """Write a request for each photo, as browsers send a form."""
    forms = (make_form([photo]) for photo in photos)
    return [make_request(JOBS, body, content_type=kind) for body, kind in forms]


class Connection:
    """One kept-alive connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=LONGEST_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; return status and body of the answer."""
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        names = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(names[b"content-length"])
        while len(body) < length:
            body += self._receive()
        return int(head.split(b" ", 2)[1]), body

    def _receive(self) -> bytes:
        piece = self._socket.recv(65536)
        if not piece:
            raise BenchError("The connection was closed in the middle of an answer.")
        return piece

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class Clients:
    """So many clients, each waiting for one answer before it sends the next photo."""

    def __init__(self, port: int, requests: Sequence[bytes], count: int) -> None:
        self._port, self._requests, self._count = port, requests, count
        self._milliseconds: list[float] = []
        self._faults: list[BaseException] = []

    def run(self, seconds: float) -> tuple[list[float], float]:
        """Send for so long; return the ms that each image took, and the seconds of it all.

        Raises:
            BenchError: an answer was not the outcome of both stages.
        """
        self._milliseconds, self._faults = [], []
        began = time.perf_counter()
        until = began + seconds
        threads = [
            threading.Thread(target=self._send_until, args=(place, until), daemon=True)
            for place in range(self._count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._faults:
            raise self._faults[0]
        return self._milliseconds, time.perf_counter() - began

    def _send_until(self, place: int, until: float) -> None:
        connection = Connection(self._port)
        try:
            # Neighbours begin at different photos.
            turn = place * 5
            answered = 0
            # Every client has one answer at least, on however busy a machine.
            while (began := time.perf_counter()) < until or not answered:
                status, body = connection.exchange(self._requests[turn % len(self._requests)])
                self._milliseconds.append((time.perf_counter() - began) * 1000)
                turn += 1
                answered += 1
                if status != 200 or SECOND_STAGE not in body:
                    raise BenchError(f"expected the outcome of both stages, got {status}: {body!r}")
        except (OSError, BenchError) as error:
            self._faults.append(error)
        finally:
            connection.close()
