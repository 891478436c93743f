"""Takes the body of a request off the wire, whole or not at all, into memory.

Werkzeug's own streams are passed by: behind gunicorn they cannot see that a body was cut short,
and at their limit they end without an error, so that half a picture would be accepted.
"""

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Any

from flask import Flask, Request, Response, g, request
from gevent import Timeout

from web.errors import Problem
from web.patience import (
    BODY_SECONDS,
    DRAIN_SECONDS,
    LEAST_BYTES_A_SECOND,
    SEND_SECONDS,
    STEP_SECONDS,
)
from web.services import services

# A body is taken in steps that grow, and only they take room: who announces much and sends little
# holds little.
FIRST_STEP_BYTES = 64 * 1024
LAST_STEP_BYTES = 1024 * 1024
DRAIN_BYTES = 64 * 2**20
DRAIN_STEP_BYTES = 256 * 1024
ROOM_RETRY_SECONDS = 2


def register(app: Flask) -> None:
    """See to the bodies that no view wanted."""
    app.after_request(leave_body)
    app.teardown_request(free_room)


def read_body(request: Request, *, most_bytes: int) -> bytes:
    """Return the bytes of the body.

    Raises:
        Problem: no length, too long, empty, compressed, fewer bytes than announced, or no room.
    """
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise Problem("encoding_unsupported")
    length = _read_length(request)
    if length > most_bytes:
        raise Problem(
            "body_too_large",
            f"The body has {length} bytes and at most {most_bytes} are taken: send a smaller "
            "picture, 1280 pixels on the longer side are plenty.",
        )
    if length == 0:
        raise Problem("body_empty")
    g.body_is_read = True
    body = _receive(request.environ, length)
    if len(body) != length:
        raise Problem(
            "body_incomplete",
            f"Content-Length announces {length} bytes and {len(body)} came, so nothing was "
            "accepted: send it again.",
        )
    return body


def _take_room(count: int) -> None:
    """Count bytes of a body until its request ends, for so long they may be held."""
    if not services().room.take(count):
        raise Problem(
            "queue_full",
            f"Too many pictures are on their way in at once. Nothing was accepted: try again in "
            f"{ROOM_RETRY_SECONDS} s.",
            headers={"Retry-After": str(ROOM_RETRY_SECONDS)},
            extra={"reason": "bodies", "retry_after_seconds": ROOM_RETRY_SECONDS},
        )
    g.taken_bytes = g.get("taken_bytes", 0) + count


def free_room(_error: BaseException | None) -> None:
    """Give the body's bytes back when its request has ended, however it ended."""
    taken = g.pop("taken_bytes", 0)
    if taken:
        services().room.give_back(taken)


def _read_length(request: Request) -> int:
    """Return Content-Length; a body in chunks has none, and neither has a request without body."""
    if request.headers.get("Transfer-Encoding"):
        raise Problem("length_required")
    text = request.environ.get("CONTENT_LENGTH") or "0"
    if not (text.isascii() and text.isdigit()):
        raise Problem("length_required", "Content-Length is not a number of bytes.")
    return int(text)


def _receive(environ: dict[str, Any], length: int) -> bytes:
    """Read so many bytes, or fewer where the sender ends; refuse who is too slow."""
    wire = environ.get("gunicorn.socket")
    pieces: list[bytes] = []
    deadline = time.monotonic() + BODY_SECONDS
    try:
        for step in _list_steps(length):
            _take_room(step)
            seconds = STEP_SECONDS + step / LEAST_BYTES_A_SECOND
            seconds = min(seconds, deadline - time.monotonic())
            with _limited(wire, seconds):
                pieces.append(environ["wsgi.input"].read(step))
            if len(pieces[-1]) < step:
                break
    except Problem:
        g.body_is_read = False  # so that its sender is listened to until it reads this
        raise
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _list_steps(length: int) -> Iterator[int]:
    """Yield the lengths in which a body is read, twice as much with every step."""
    step = FIRST_STEP_BYTES
    while length > 0:
        yield min(step, length)
        length -= step
        step = min(step * 2, LAST_STEP_BYTES)


@contextlib.contextmanager
def _limited(wire: socket.socket | None, seconds: float) -> Iterator[None]:
    """Give a piece of a body so long, where it comes over a wire.

    Raises:
        Problem: it did not come in time, or the connection broke; nothing more is read from it.
    """
    if wire is None:
        yield
        return
    try:
        with Timeout(max(0.001, seconds)):
            yield
    except (Timeout, TimeoutError) as error:
        _hang_up(wire)
        raise Problem("request_too_slow") from error
    except OSError as error:  # a phone that lost its network, an app that was closed
        _hang_up(wire)
        raise Problem("body_incomplete", "The connection broke within the body.") from error


def leave_body(response: Response) -> Response:
    """Have a body that nobody read taken away once the answer is out."""
    environ = request.environ
    has_body = environ.get("CONTENT_LENGTH") or environ.get("HTTP_TRANSFER_ENCODING")
    if has_body and "gunicorn.socket" in environ and not g.get("body_is_read"):
        response.call_on_close(lambda: drain(environ))
    return response


def drain(environ: dict[str, Any]) -> None:
    """Read and drop the rest of a body; hang up where it does not end.

    Ours, since gunicorn would do it in steps of 1 KiB: 40 MB held up everybody for 3 s.
    """
    wire: socket.socket = environ["gunicorn.socket"]
    deadline, left = time.monotonic() + DRAIN_SECONDS, DRAIN_BYTES
    wire.settimeout(DRAIN_SECONDS)
    try:
        while left > 0 and time.monotonic() < deadline:
            piece = environ["wsgi.input"].read(DRAIN_STEP_BYTES)
            if not piece:
                return
            left -= len(piece)
            time.sleep(0)  # a turn for the others
        _hang_up(wire)
    except Exception:  # noqa: BLE001  gunicorn's parser has many; the answer is out already
        _hang_up(wire)
    finally:
        with contextlib.suppress(OSError):
            wire.settimeout(SEND_SECONDS)


def _hang_up(wire: socket.socket) -> None:
    """Read nothing more from this connection, so that gunicorn closes it."""
    with contextlib.suppress(OSError):
        wire.shutdown(socket.SHUT_RD)
