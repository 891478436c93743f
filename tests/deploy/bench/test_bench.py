"""`make bench` in its short form: it runs, and what it writes is what was measured."""

import json
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.bench.__main__ import main
from deploy.bench.load import SECOND_STAGE, Clients, Slice, make_form, make_raw_requests
from deploy.bench.measuring import measure_in_turn, sum_up
from deploy.bench.photos import SMALL, make_photos
from deploy.bench.publishing import publish
from deploy.bench.report import WRITERS, write_goals, write_part, write_summary
from deploy.bench.system import BenchError
from deploy.errors import StackError
from tests.conftest import ROOT
from web.multipart import split_form

FIGURE = {
    "images": 100,
    "cpu_milliseconds": 20.0,
    "p50_milliseconds": 25.0,
    "p99_milliseconds": 40.0,
    "images_a_second": 80.0,
    "times_limit": 1.2,
    "least_times_limit": 1.1,
    "most_times_limit": 1.3,
    "p50_over_limit": 3.0,
}
MACHINE = {
    "date": "2026-01-01",
    "processor": "a processor",
    "cores": "2",
    "python": "3.11",
    "litert": "2.3",
    "load": "0.1",
}
NAMES = ("limit", "fast", "one_thread", "fast_form", "strict", "reused")


def make_data() -> dict[str, Any]:
    """What a whole run writes, with numbers that nobody measured."""
    figures = dict.fromkeys(NAMES, FIGURE)
    cell = {"size": "640x480", "bytes": 58_000, **figures}
    queue = {"asked": 0, "waiting": [0, 0], **FIGURE}
    parts: dict[str, Any] = {
        "photos": {"cells": [{**cell, "clients": clients} for clients in (1, 8, 32)]},
        "larger": {"cells": [{**cell, "size": "1280x720", "clients": 8}]},
        "batches": {"batch": 100, "batches": 4, "limit": FIGURE, "fast": FIGURE},
        "start": {
            "seconds": [3.0, 3.5, 2.5],
            "pss_megabytes": {"valkey s.sock (1)": 6.0, "python -m celery (2)": 200.0},
            "idle_percent_of_a_core": 0.7,
        },
        "clients": {
            "cells": [
                {"workers": workers, "clients": clients, "limit": FIGURE, "fast": FIGURE}
                for workers in (1, 2)
                for clients in (1, 8)
            ]
        },
        "queue": {"cells": [queue, {**queue, "asked": 1000, "waiting": [1000, 700]}]},
    }
    return {name: {**part, "rounds": 3, "machine": MACHINE} for name, part in parts.items()}


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """The documents of this repository, in a folder where they may be changed."""
    (tmp_path / "docs" / "img").mkdir(parents=True)
    shutil.copy(ROOT / "README.md", tmp_path)
    shutil.copy(ROOT / "docs" / "performance.md", tmp_path / "docs")
    return tmp_path


def test_the_short_form_measures_limit_and_system(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["photos", "--short", "--out", str(tmp_path)]) == 0
    data = json.loads((tmp_path / "performance.json").read_text())
    (cell,) = data["photos"]["cells"]
    for name in NAMES:
        assert cell[name]["images"] > 0
        assert cell[name]["cpu_milliseconds"] > 0
    # An answer given again asks no model.
    assert cell["reused"]["times_limit"] < 0.6 < cell["strict"]["times_limit"]
    assert write_part("photos", data["photos"]) in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["performance.json"]


def test_publishing_renews_the_documents_between_their_marks(documents: Path) -> None:
    data = make_data()
    publish(data, documents)
    readme, page = (documents / "README.md").read_text(), documents / "docs" / "performance.md"
    assert write_summary(data) in readme
    assert readme.startswith((ROOT / "README.md").read_text().partition("<!-- cost:begin -->")[0])
    for name, part in data.items():
        assert f"<!-- bench:{name}:begin -->\n{write_part(name, part)}\n" in page.read_text()
    assert json.loads((documents / "docs" / "performance.json").read_text()) == data
    drawn = {path.name for path in (documents / "docs" / "img").iterdir()}
    assert drawn == {"cost-photos.svg", "cost-clients.svg", "cost-queue.svg"}


def test_a_document_without_its_marks_is_not_touched(documents: Path) -> None:
    (documents / "docs" / "performance.md").write_text("nothing")
    with pytest.raises(StackError, match="lacks the marks"):
        publish(make_data(), documents)


def test_the_published_tables_are_those_of_the_published_data() -> None:
    data = json.loads((ROOT / "docs" / "performance.json").read_text())
    page, readme = (ROOT / "docs" / "performance.md").read_text(), (ROOT / "README.md").read_text()
    assert set(WRITERS) - set(data) <= {"larger"}  # what README and goals are made of
    for name, part in data.items():
        assert write_part(name, part) in page
    assert write_summary(data) in readme
    assert write_goals(data) in page


def test_every_figure_stands_against_the_limit_of_its_own_round() -> None:
    def cost(seconds: float) -> Slice:
        return Slice(cpu_seconds=seconds, wall_seconds=1, milliseconds=[1.0] * 10)

    # The machine became twice as slow in the second round, for both.
    figure = sum_up([cost(0.12), cost(0.24)], [cost(0.1), cost(0.2)])
    assert figure.times_limit == pytest.approx(1.2)
    assert figure.cpu_milliseconds == pytest.approx(18)


def test_times_compare_neighbours_too() -> None:
    def take(milliseconds: float) -> Slice:
        return Slice(cpu_seconds=1, wall_seconds=1, milliseconds=[milliseconds] * 3)

    # Ever slower, for both; the medians of all would say 5.
    figure = sum_up([take(12), take(25), take(34)], [take(10), take(20), take(30)])
    assert figure.p50_over_limit == pytest.approx(4)


def test_contestants_take_turns_in_who_begins() -> None:
    order: list[str] = []

    def run(name: str) -> Slice:
        order.append(name)
        return Slice(cpu_seconds=1, wall_seconds=1, milliseconds=[1.0])

    measure_in_turn({"a": lambda: run("a"), "b": lambda: run("b")}, rounds=2)
    assert order == ["a", "b", "b", "a"]


def test_no_two_photos_are_the_same() -> None:
    photos = make_photos(SMALL, 12)
    assert len(set(photos)) == 12
    assert all(photo.startswith(b"\xff\xd8") for photo in photos)


def test_the_form_is_one_that_the_door_reads() -> None:
    body, kind = make_form([b"one", b"two"])
    parts = split_form(body, re.sub(".*boundary=", "", kind), most_parts=2)
    assert [(part.name, part.data) for part in parts] == [("image", b"one"), ("image", b"two")]


@pytest.fixture
def answering() -> Iterator[dict[str, Any]]:
    """A server that gives every request one and the same answer."""
    answer: dict[str, Any] = {}

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while connection.recv(65536):
                    body = answer["body"]
                    head = f"HTTP/1.1 {answer['status']} X\r\nContent-Length: {len(body)}\r\n\r\n"
                    connection.sendall(head.encode() + body)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        answer["port"] = listener.getsockname()[1]
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield answer
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(("status", "body"), [(200, b"{}"), (503, SECOND_STAGE)])
def test_an_answer_that_is_not_of_both_stages_ends_the_measurement(
    answering: dict[str, Any], status: int, body: bytes
) -> None:
    answering.update(status=status, body=body)
    with pytest.raises(BenchError, match="both stages"):
        Clients(answering["port"], make_raw_requests([b"photo"]), 1).run(0.1)


def test_a_right_answer_is_timed(answering: dict[str, Any]) -> None:
    answering.update(status=200, body=SECOND_STAGE)
    milliseconds, seconds = Clients(answering["port"], make_raw_requests([b"photo"]), 1).run(0.1)
    assert len(milliseconds) > 1
    assert sum(milliseconds) / 1000 <= seconds < 1
