"""Bodies share a fixed room, and give it back however their request ends."""

import io
import threading

import pytest
from flask import Flask

from tests.web.conftest import Make
from web.room import Room

JOBS = "/api/v1/jobs"


def test_room_is_taken_and_given_back() -> None:
    room = Room(10)
    assert room.take(6)
    assert not room.take(5)
    room.give_back(6)
    assert room.take(10)


class Gate(io.BytesIO):
    """A body that arrives when it is let in."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.is_awaited = threading.Event()
        self.is_open = threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        self.is_awaited.set()
        assert self.is_open.wait(10)
        return super().read(size)


@pytest.fixture
def narrow(make_app: Make, photo: bytes) -> Flask:
    return make_app(max_bodies_bytes=len(photo) + 10)


def test_who_finds_no_room_is_told_when_to_come_again(narrow: Flask, photo: bytes) -> None:
    gate = Gate(photo)
    environ = {"CONTENT_LENGTH": str(len(photo)), "wsgi.input": gate}
    slow = threading.Thread(
        target=narrow.test_client().post, args=(JOBS,), kwargs={"environ_overrides": environ}
    )
    slow.start()
    assert gate.is_awaited.wait(10)
    answer = narrow.test_client().post(JOBS, data=photo)
    gate.is_open.set()
    slow.join()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.get_json()["reason"] == "bodies"
    assert narrow.test_client().post(JOBS, data=photo).status_code == 202


def test_a_refused_picture_gives_its_room_back(narrow: Flask, photo: bytes) -> None:
    for _ in range(5):
        assert narrow.test_client().post(JOBS, data=b"x" * len(photo)).status_code == 415
    assert narrow.test_client().post(JOBS, data=photo).status_code == 202
