"""What is fuzzed: the door and the decoder, each as one call that no bytes may harm."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, cast

from flask import Flask, request

from models.catalogue import load_pipelines
from models.classifiers.image import decode, fit
from models.errors import ImageError
from models.manifest import InputSpec
from tests.web import hostile
from tests.web.forms import BOUNDARY, FORM_TYPE, make_form
from web.arrivals import read_many, read_one
from web.bodies import free_room
from web.errors import Problem
from web.parameters import read_order
from web.room import Room
from web.services import EXTENSION
from web.uploads import check_picture

MOST_BYTES = 2**20
TYPES = ("image/jpeg", FORM_TYPE, "application/json", f'multipart/form-data; boundary="{BOUNDARY}"')
MANY = 0x80
PIPELINES = load_pipelines()
INPUT = InputSpec(width=96, height=96, resize="contain")


def _make_app() -> Flask:
    """An application that has nothing but room for bodies."""
    app = Flask("fuzz")
    app.extensions[EXTENSION] = cast(Any, SimpleNamespace(room=Room(64 * MOST_BYTES)))
    return app


APP = _make_app()


def enter_door(data: bytes) -> None:
    """Send bytes, the first of which says how; nothing but a refusal may come of it."""
    way, body = (data[0], data[1:]) if data else (0, b"")
    kind = TYPES[way % len(TYPES)]
    with (
        APP.test_request_context("/", method="POST", data=body, content_type=kind),
        contextlib.suppress(Problem),
    ):
        try:
            if way & MANY:
                arrival = read_many(request, most_bytes=MOST_BYTES, most_pictures=8)
            else:
                arrival = read_one(request, most_bytes=MOST_BYTES)
            read_order(arrival.fields, PIPELINES)
            for picture in arrival.pictures:
                check_picture(picture, most_bytes=MOST_BYTES)
        finally:
            free_room(None)


def decode_picture(data: bytes) -> None:
    """Decode and shrink bytes as a worker does; nothing but an ImageError may come of it."""
    with contextlib.suppress(ImageError):
        fit(decode(data, smallest=(INPUT.width, INPUT.height)), INPUT)


def list_door_seeds() -> Iterator[bytes]:
    """Every bad picture as it is, and some in each of the other forms."""
    for case in hostile.CASES:
        if len(case.data) < MOST_BYTES:
            yield b"\0" + case.data
    small = hostile.png(8, 8, hostile.zeros(72))
    yield b"\1" + make_form([small], pipeline="zomato-rider", camera="gate", max_wait="9")
    yield bytes([1 | MANY]) + make_form([small, b"no picture", small])
    yield b'\2{"pipeline": "zomato-rider", "image": "data:image/png;base64,iVBORw0KGgo="}'


def list_decode_seeds() -> Iterator[bytes]:
    """Every bad picture that is not too long."""
    yield from (case.data for case in hostile.CASES if len(case.data) < MOST_BYTES)


TARGETS: Mapping[str, tuple[Callable[[bytes], None], Callable[[], Iterator[bytes]]]] = {
    "door": (enter_door, list_door_seeds),
    "decode": (decode_picture, list_decode_seeds),
}
