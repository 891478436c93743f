"""Keeps a few programs running: starts them in order, restarts what dies, ends them in turn.

Each program runs in a session of its own, so that the SIGINT of a terminal's Ctrl-C reaches only
us and every program ends when its turn comes. It ends together with us even when we are killed
(deploy/lifeline.py). Why this is not supervisor or circus: docs/decisions/0002-process-manager.md.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import IO

from deploy.lifeline import end_with_parent

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
# A signal came from outside (a kill, the kernel out of memory): no reason to wait for long.
LONGEST_PAUSE_AFTER_SIGNAL_SECONDS = 0.4
# A program that ran this long was sound: its next end is a new story, not one more failure.
SOUND_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run, and how long it may take to end after SIGTERM before it is killed."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stop_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One end that nobody asked for. `failures` counts the ends in a row without a sound run."""

    program: Program
    status: int  # exit status, or the negative number of the signal
    failures: int
    pause_seconds: float


@dataclass(slots=True, kw_only=True)
class _Running:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    start_at: float | None = field(default=None)


class Processes:
    """The programs of one stack, in the order of their start. Use it from the main thread only."""

    def __init__(
        self, programs: Sequence[Program], *, on_start: Callable[[Program, IO[bytes]], None]
    ) -> None:
        """Take the programs; `on_start` gets the output of each run as a readable pipe."""
        self._all = [_Running(program=program) for program in programs]
        self._on_start = on_start

    def start(self, name: str) -> None:
        """Start the program of this name."""
        self._start(next(one for one in self._all if one.program.name == name))

    def seconds_until_due(self) -> float | None:
        """Return the seconds until a restart is due, or None when there is none to come."""
        due = [one.start_at for one in self._all if one.start_at is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def tend(self) -> list[Ended]:
        """Notice which programs ended, start those that are due, and return the ends."""
        self._reap_adopted()
        ended = []
        for one in self._all:
            if one.process is not None and (status := one.process.poll()) is not None:
                ended.append(self._note_end(one, status))
            if one.start_at is not None and time.monotonic() >= one.start_at:
                self._start(one)
        return ended

    def stop(self, *, hurry: Callable[[], bool], while_waiting: Callable[[], None]) -> list[str]:
        """End all in the reverse order of their start; return the names of those it had to kill.

        When `hurry()` becomes true, those left are killed at once. `while_waiting` is called every
        few milliseconds, to read the programs' output so that none blocks on a full pipe.
        """
        for one in self._all:
            one.start_at = None
        return [
            one.program.name
            for one in reversed(self._all)
            if not _stop(one, hurry=hurry, while_waiting=while_waiting)
        ]

    def _reap_adopted(self) -> None:
        # As the first process of a container we inherit what our programs leave behind.
        if os.getpid() != 1:
            return
        ours = {one.process.pid for one in self._all if one.process is not None}
        while child := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if child.si_pid in ours:
                return
            os.waitpid(child.si_pid, 0)

    def _start(self, one: _Running) -> None:
        one.start_at = None
        one.started = time.monotonic()
        one.process = subprocess.Popen(
            one.program.command,
            env=one.program.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=partial(end_with_parent, os.getpid()),
        )
        assert one.process.stdout is not None
        self._on_start(one.program, one.process.stdout)

    def _note_end(self, one: _Running, status: int) -> Ended:
        assert one.process is not None
        _kill_session(one.process.pid)
        now = time.monotonic()
        one.failures = 1 if now - one.started >= SOUND_SECONDS else one.failures + 1
        longest = LONGEST_PAUSE_SECONDS if status >= 0 else LONGEST_PAUSE_AFTER_SIGNAL_SECONDS
        pause = min(longest, FIRST_PAUSE_SECONDS * 2 ** (one.failures - 1))
        one.process, one.start_at = None, now + pause
        return Ended(program=one.program, status=status, failures=one.failures, pause_seconds=pause)


def _stop(one: _Running, *, hurry: Callable[[], bool], while_waiting: Callable[[], None]) -> bool:
    """End one program; return whether it ended by itself in time."""
    if one.process is None:
        return True
    deadline = time.monotonic() + one.program.stop_seconds
    one.process.terminate()
    while (status := one.process.poll()) is None and time.monotonic() < deadline and not hurry():
        while_waiting()
        time.sleep(0.02)
    _kill_session(one.process.pid)
    one.process.wait()
    one.process = None
    return status is not None


def _kill_session(pid: int) -> None:
    # Also after the first process of the session ended by itself: a Celery main process that was
    # killed leaves its pool children behind.
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except PermissionError:  # macOS says so of a session that holds only zombies
        pass
