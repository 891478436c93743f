"""The programs' output: every line goes to a log file in the data folder, failures to the console.

The files are var/log/NAME.log, kept small by rotation: NAME.log.1 is the one before. Where a
platform collects what a container prints there are none: each line goes to stdout as JSON.
"""

import contextlib
import json
import os
import selectors
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

MAX_LOG_BYTES = 4 * 2**20
KEPT_LINES = 20
QUIET_SECONDS = 30.0  # the console shows the same failure again only after this
GATHER_SECONDS = 0.05  # how long lines are let gather before they are read
_READ_BYTES = 65536
_SERIOUS = ("ERROR", "CRITICAL")


@dataclass(slots=True, kw_only=True)
class _Stream:
    name: str
    pipe: IO[bytes]
    rest: bytes = b""
    in_traceback: bool = False


@dataclass(slots=True)
class _Log:
    """One program's log. A disk that is full costs lines of it, never the program or the stack."""

    path: Path
    file: IO[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.file = self._open()

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.file.write(data)
            if self.file.tell() > MAX_LOG_BYTES:
                self.path.replace(self.path.with_name(self.path.name + ".1"))
                full, self.file = self.file, self._open()
                full.close()

    def _open(self) -> IO[bytes]:
        # Without a buffer: it would keep what the disk refused, and fail again when it is closed.
        return self.path.open("ab", buffering=0)


class Output:
    """Reads what the programs print. `show(name, line)` gets the lines that tell of a failure."""

    def __init__(self, folder: Path | None, *, show: Callable[[str, str], None]) -> None:
        """Keep the logs in `folder`, which is made private to this user where it is missing.

        Without a folder nothing is kept, and `show` gets every line.
        """
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._show = show
        self._selector = selectors.DefaultSelector()
        self._logs: dict[str, _Log] = {}
        self._last: dict[str, deque[str]] = {}
        self._told: dict[tuple[str, str], float] = {}

    @property
    def place(self) -> str:
        """Say where the logs are."""
        return "on stdout" if self.folder is None else f"in {self.folder}"

    def follow(self, name: str, pipe: IO[bytes]) -> None:
        """Read `pipe` from now on as the output of the program `name`."""
        os.set_blocking(pipe.fileno(), False)
        if self.folder is not None and name not in self._logs:
            self._logs[name] = _Log(self.folder / f"{name}.log")
        self._last[name] = deque(maxlen=KEPT_LINES)
        self._selector.register(pipe, selectors.EVENT_READ, _Stream(name=name, pipe=pipe))

    def wake_on(self, descriptor: int) -> None:
        """Let `read` return early when `descriptor` has bytes, which are thrown away."""
        self._selector.register(descriptor, selectors.EVENT_READ, None)

    def read(self, timeout_seconds: float) -> None:
        """Read what there is, or wait for it up to `timeout_seconds`."""
        ready = self._selector.select(timeout_seconds)
        if ready and timeout_seconds:
            # Under load a line comes every few ms, and each wake-up costs as much as a hundred.
            time.sleep(GATHER_SECONDS)
            ready = self._selector.select(0)
        for key, _ in ready:
            if isinstance(key.data, _Stream):
                self._read(key.data)
            else:
                os.read(key.fd, _READ_BYTES)

    def last_lines(self, name: str) -> list[str]:
        """Return the last lines of the program's present or latest run."""
        return list(self._last.get(name, ()))

    def close(self) -> None:
        """Write what is left of a line and close all logs and pipes."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, _Stream):
                self._write(key.data.name, b"\n" if key.data.rest else b"")
                key.data.pipe.close()
        self._selector.close()
        for log in self._logs.values():
            log.file.close()

    def _read(self, stream: _Stream) -> None:
        try:
            data = os.read(stream.pipe.fileno(), _READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._selector.unregister(stream.pipe)
            stream.pipe.close()
            data = b"\n" if stream.rest else b""
        self._write(stream.name, data)
        *lines, stream.rest = (stream.rest + data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            self._last[stream.name].append(text)
            if self.folder is None:
                self._show(stream.name, text)
            elif told := _tell(stream, text):
                self._tell_once(stream.name, told)

    def _write(self, name: str, data: bytes) -> None:
        if name in self._logs:
            self._logs[name].write(data)

    def _tell_once(self, name: str, line: str) -> None:
        # A Redis that is away makes the same complaint many times a second.
        now = time.monotonic()
        if now - self._told.get((name, line), -QUIET_SECONDS) >= QUIET_SECONDS:
            self._told = {
                key: when for key, when in self._told.items() if now - when < QUIET_SECONDS
            }
            self._told[name, line] = now
            self._show(name, line)


def _tell(stream: _Stream, text: str) -> str:
    """Return what the console should show of one line: how a traceback ends, serious records."""
    if text.startswith("Traceback (most recent call last)"):
        stream.in_traceback = True
    elif stream.in_traceback and text and not text.startswith((" ", "\t")):
        # The lines of a traceback are indented; the first that is not names the exception.
        stream.in_traceback = False
        return f"Traceback, whole in {stream.name}.log: {text}"
    elif text.startswith("{") and any(f'"{word}"' in text for word in _SERIOUS):
        return tell_record(text)
    return ""


def write_record(component: str, text: str) -> str:
    """Return a line as the JSON record that a collector of logs reads; a record stays as it is."""
    if text.startswith("{"):
        return text
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record = {"time": now, "severity": "INFO", "component": component, "event": text}
    return json.dumps(record)


def tell_record(text: str) -> str:
    """Return what a person should read of one line of a log: of a record, its event and why."""
    try:
        record = json.loads(text) if text.startswith("{") else {}
    except ValueError:
        return text
    parts = [record.get("event"), record.get("error"), record.get("exception")]
    return ": ".join(str(part) for part in parts if part) or text
