"""Speaks to Compose and the engine, for one project of its own name."""

import json
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[2]
BUILD_SECONDS = 1800.0

T = TypeVar("T")


class CheckFailed(Exception):
    """Something is not as it should be; the text says what was expected and what came."""


def wait_until(is_so: Callable[[], T | None], what: str, seconds: float = 60) -> T:
    """Wait until something holds and return it.

    Raises:
        CheckFailed: it did not hold in time.
    """
    end = time.monotonic() + seconds
    while not (value := is_so()):
        if time.monotonic() > end:
            raise CheckFailed(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.05)
    return value


def run_command(
    command: Sequence[str], *, seconds: float, environ: Mapping[str, str] | None = None
) -> str:
    """Run a command in the project's folder and return what it printed on stdout.

    Raises:
        CheckFailed: it failed; with its last lines.
    """
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise CheckFailed(f"{shlex.join(command)} ended with {done.returncode}:\n{last}")
    return done.stdout.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compose:
    """One project under one Compose; `environ` is what its commands see."""

    command: Sequence[str]
    project: str
    environ: Mapping[str, str]

    def run(self, *arguments: str, seconds: float = 120) -> str:
        """Run a Compose command and return what it printed.

        Raises:
            CheckFailed: it failed; with its last lines.
        """
        command = [*self.command, "-p", self.project, *arguments]
        return run_command(command, seconds=seconds, environ=self.environ)

    def ask_engine(self, *arguments: str, seconds: float = 60) -> str:
        """Run a command of `docker` and return what it printed; raises as `run`."""
        return run_command(["docker", *arguments], seconds=seconds, environ=self.environ)

    def find(self, service: str) -> list[str]:
        """Return the ids of a service's running containers."""
        return self.run("ps", "-q", service).split()

    def inspect(self, thing: str) -> dict[str, Any]:
        """Return what the engine knows of a container or an image."""
        known: dict[str, Any] = json.loads(self.ask_engine("inspect", thing))[0]
        return known

    def execute(self, container: str, script: str) -> str:
        """Run a shell script in a container and return all that it printed, whatever its status."""
        return self.ask_engine("exec", container, "sh", "-c", f"({script}) 2>&1; true")


def read_time(text: str) -> float:
    """Return the seconds since 1970 of a time as the engine writes it, with nanoseconds."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")
