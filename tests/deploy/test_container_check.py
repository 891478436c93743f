"""The check of the images says what is wrong, with an engine that only plays."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from deploy.compose_check.compose import CheckFailed
from deploy.container_check import engine, images

GOOD = {
    "Size": 150_000_000,
    "Config": {
        "User": "10001:10001",
        "Entrypoint": ["tini", "--"],
        "Labels": {
            images.BASE_LABEL: "python:base",
            images.REVISION_LABEL: "0123456789abcdef",
        },
        "Healthcheck": {"Test": ["CMD", "true"]},
    },
}
Play = Callable[..., None]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Let `docker` answer; what is found in images, and how long a container takes to end."""

    def play(image: Any = GOOD, *, found: str = "", logs: str = "", state: Any = None) -> None:
        def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
            answers = {
                "inspect": json.dumps(
                    [{"Size": 100_000_000} if command[-1] == "python:base" else image]
                ),
                "run": found,
                "logs": logs,
                "kill": "",
            }
            if command[1] == "inspect" and state is not None:
                answers["inspect"] = json.dumps([{"State": state}])
            return subprocess.CompletedProcess(command, 0, answers[command[1]], "")

        monkeypatch.setattr(subprocess, "run", run)

    return play


def change(**fields: Any) -> Any:
    return {**GOOD, "Config": {**GOOD["Config"], **fields}}


def test_good_images_pass(play: Play) -> None:
    play()
    said: list[str] = []
    images.check_images(said.append)
    assert said[0] == "ok   spotter-web: 150 MB, 50 MB over its base"


@pytest.mark.parametrize(
    ("image", "found", "complaint"),
    [
        (change(User="0"), "", "not root"),
        (change(Entrypoint=["/bin/sh", "-c", "x"]), "", "exec form"),
        (change(Healthcheck=None), "", "health check"),
        (
            change(Labels={images.BASE_LABEL: "python:base", images.REVISION_LABEL: "unknown"}),
            "",
            "names the commit",
        ),
        ({**GOOD, "Size": 161_000_000}, "", "bytes over its base"),
        (GOOD, "numpy", "foreign library"),
        (GOOD, "/usr/bin/gcc", "build tools"),
    ],
)
def test_a_planted_fault_is_named(play: Play, image: Any, found: str, complaint: str) -> None:
    play(image, found=found)
    with pytest.raises(CheckFailed, match=complaint):
        images.check_images(lambda _: None)


@pytest.mark.parametrize("line", ["Traceback (most recent call last):", '{"event": "x"}', "[1]"])
def test_a_line_that_is_no_record_is_named(play: Play, line: str) -> None:
    play(logs=f'{{"severity": "INFO", "event": "fine"}}\n{line}')
    with pytest.raises(CheckFailed, match="JSON records"):
        engine.read_records("container", "web")


def test_records_are_read(play: Play) -> None:
    play(logs='{"severity": "INFO", "event": "fine"}\n')
    assert engine.read_records("container", "web")[0]["event"] == "fine"


@pytest.mark.parametrize(("code", "out_of_memory"), [(137, False), (1, False), (0, True)])
def test_an_end_that_is_none_is_named(play: Play, code: int, out_of_memory: bool) -> None:
    play(state={"Running": False, "ExitCode": code, "OOMKilled": out_of_memory})
    with pytest.raises(CheckFailed, match="status 0"):
        engine.stop("container", "web")


def test_a_good_end_is_timed(play: Play) -> None:
    play(state={"Running": False, "ExitCode": 0, "OOMKilled": False})
    assert engine.stop("container", "web") < 5
