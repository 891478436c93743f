"""Every line lands in a log, failures on the console, once."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import output
from deploy.output import Output, write_record


class Console:
    def __init__(self, folder: Path) -> None:
        self.shown: list[tuple[str, str]] = []
        self.output = Output(folder, show=lambda name, line: self.shown.append((name, line)))

    def print(self, text: str, name: str = "web") -> None:
        """Let a program print the text and end."""
        reader, writer = os.pipe()
        self.output.follow(name, os.fdopen(reader, "rb", buffering=0))
        os.write(writer, text.encode())
        os.close(writer)
        self.output.read(1)
        self.output.read(1)


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    console = Console(tmp_path / "log")
    yield console
    console.output.close()


def test_every_line_is_in_the_log(console: Console) -> None:
    console.print("one\ntwo")
    assert (console.output.folder / "web.log").read_text() == "one\ntwo\n"
    assert console.output.last_lines("web") == ["one", "two"]
    assert console.shown == []


def test_without_a_folder_every_line_is_shown_and_none_is_kept(tmp_path: Path) -> None:
    shown: list[tuple[str, str]] = []
    collected = Output(None, show=lambda name, line: shown.append((name, line)))
    reader, writer = os.pipe()
    collected.follow("web", os.fdopen(reader, "rb", buffering=0))
    os.write(writer, b"one\ntwo\n")
    collected.read(1)
    os.close(writer)
    collected.close()
    assert shown == [("web", "one"), ("web", "two")]
    assert collected.last_lines("web") == ["one", "two"]


def test_a_line_of_text_becomes_a_record() -> None:
    record = json.loads(write_record("queue", "* Ready to accept connections"))
    assert (record["component"], record["severity"]) == ("queue", "INFO")
    assert record["event"] == "* Ready to accept connections"


def test_a_record_stays_as_it_is() -> None:
    assert write_record("web", '{"event": "x"}') == '{"event": "x"}'


def test_a_traceback_is_shown_by_its_last_line(console: Console) -> None:
    console.print("Traceback (most recent call last):\n  File 'x'\n    y\nValueError: no\nmore\n")
    assert console.shown == [("web", "Traceback, whole in web.log: ValueError: no")]


def test_a_serious_record_is_shown(console: Console) -> None:
    records = [
        {"severity": "INFO", "event": "fine"},
        {"severity": "ERROR", "event": "model_refused", "exception": "ArtefactMismatch: sha256"},
    ]
    console.print("".join(json.dumps(record) + "\n" for record in records))
    assert console.shown == [("web", "model_refused: ArtefactMismatch: sha256")]


def test_the_same_failure_is_shown_once(console: Console) -> None:
    console.print("Traceback (most recent call last):\nOSError: away\n" * 20)
    assert len(console.shown) == 1


def test_a_log_stays_small(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "MAX_LOG_BYTES", 1000)
    for _ in range(5):
        console.print("x" * 600 + "\n")
    sizes = [path.stat().st_size for path in console.output.folder.iterdir()]
    assert sorted(path.name for path in console.output.folder.iterdir()) == ["web.log", "web.log.1"]
    assert sum(sizes) < 2500


def test_a_full_disk_costs_lines_of_the_log_and_no_more(console: Console) -> None:
    (console.output.folder / "web.log").symlink_to("/dev/full")  # every write to it fails
    console.print("one\ntwo\n")
    console.print("three\n")
    assert console.output.last_lines("web") == ["three"]
