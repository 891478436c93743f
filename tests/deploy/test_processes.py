"""Programs are restarted when they die, end in turn, and take their children with them."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from deploy.processes import Ended, Processes, Program

SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
POLITE = f"""
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: (print(time.monotonic(), flush=True), os._exit(0)))
{SLEEPER}
"""
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]); {SLEEPER}"


class Kept:
    """Processes with the pipes of their runs; every program prints a line when it is up."""

    def __init__(self, **codes: str) -> None:
        self.pipes: dict[str, IO[bytes]] = {}
        self.starts: list[str] = []
        programs = [
            Program(
                name=name,
                command=[sys.executable, "-c", code],
                environment=dict(os.environ),
                stop_seconds=0.5,
            )
            for name, code in codes.items()
        ]
        self.processes = Processes(programs, on_start=self._keep)

    def _keep(self, program: Program, pipe: IO[bytes]) -> None:
        if old := self.pipes.pop(program.name, None):
            old.close()
        self.pipes[program.name] = pipe
        self.starts.append(program.name)

    def start(self, name: str) -> None:
        self.processes.start(name)
        self.wait_up(name)

    def wait_up(self, name: str) -> None:
        assert self.pipes[name].readline() == b"up\n"

    def tend_until(self, fact: Callable[[], object], seconds: float = 10) -> list[Ended]:
        ended, deadline = [], time.monotonic() + seconds
        while not fact():
            assert time.monotonic() < deadline
            ended += self.processes.tend()
        return ended

    def stop(self) -> list[str]:
        killed = self.processes.stop(hurry=lambda: False, while_waiting=lambda: None)
        for pipe in self.pipes.values():
            pipe.close()
        return killed

    def pid(self, name: str) -> int:
        found = [one.process for one in self.processes._all if one.program.name == name]
        assert found[0] is not None
        return found[0].pid


@pytest.fixture
def keep() -> Iterator[Callable[..., Kept]]:
    made: list[Kept] = []

    def make(**codes: str) -> Kept:
        made.append(Kept(**codes))
        return made[-1]

    yield make
    for kept in made:
        kept.stop()


def test_a_killed_program_starts_again(keep: Callable[..., Kept]) -> None:
    kept = keep(a=SLEEPER)
    kept.start("a")
    os.kill(kept.pid("a"), 9)
    ended = kept.tend_until(lambda: kept.starts == ["a", "a"])
    assert [(one.program.name, one.status, one.failures) for one in ended] == [("a", -9, 1)]


def test_a_program_that_keeps_failing_waits_longer_each_time(keep: Callable[..., Kept]) -> None:
    kept = keep(a="raise SystemExit(3)")
    kept.processes.start("a")
    ended = kept.tend_until(lambda: len(kept.starts) == 3)
    assert [(one.status, one.pause_seconds) for one in ended] == [(3, 0.2), (3, 0.4)]


def test_a_program_that_is_killed_again_and_again_does_not_wait_long(
    keep: Callable[..., Kept],
) -> None:
    kept = keep(a="import os; os.kill(os.getpid(), 9)")
    kept.processes.start("a")
    ended = kept.tend_until(lambda: len(kept.starts) == 5)
    assert [one.pause_seconds for one in ended] == [0.2, 0.4, 0.4, 0.4]


def test_the_last_that_started_ends_first(keep: Callable[..., Kept]) -> None:
    kept = keep(queue=POLITE, worker=POLITE, web=POLITE)
    for name in ("queue", "worker", "web"):
        kept.start(name)
    kept.processes.stop(hurry=lambda: False, while_waiting=lambda: None)
    times = {name: float(pipe.readline()) for name, pipe in kept.pipes.items()}
    assert times["web"] < times["worker"] < times["queue"]


def test_a_program_that_does_not_end_is_killed_and_named(keep: Callable[..., Kept]) -> None:
    kept = keep(a=SLEEPER, b=STUBBORN)
    kept.start("a")
    kept.start("b")
    assert kept.stop() == ["b"]


def test_in_a_hurry_nothing_is_waited_for(keep: Callable[..., Kept]) -> None:
    kept = keep(a=STUBBORN)
    kept.start("a")
    started = time.monotonic()
    kept.processes.stop(hurry=lambda: True, while_waiting=lambda: None)
    assert time.monotonic() - started < 0.4


def test_what_a_dead_program_leaves_behind_is_ended(keep: Callable[..., Kept]) -> None:
    kept = keep(a=PARENT)
    kept.start("a")
    kept.wait_up("a")  # its child's line
    session = kept.pid("a")
    os.kill(session, 9)
    kept.tend_until(lambda: len(kept.starts) == 2)
    assert living_in_session(session) == []


def living_in_session(session: int) -> list[int]:
    """Return the pids of the session's processes, without those that only wait to be reaped."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(folder.name))
    return found


def test_a_terminal_s_interrupt_does_not_reach_them(keep: Callable[..., Kept]) -> None:
    kept = keep(a=SLEEPER)
    kept.start("a")
    assert os.getsid(kept.pid("a")) != os.getsid(0)
