"""Speaks to the queue server as its administrator, with the standard library alone.

`make up` needs four commands of it; the client library would cost 15 MB and 0.2 s for them.
"""

import socket
import time
from pathlib import Path
from typing import BinaryIO

from deploy.embedded_redis.errors import QueueServerError
from deploy.embedded_redis.files import ServerFiles


def ask(files: ServerFiles, *command: str, timeout_seconds: float = 5.0) -> str:
    """Send one command as the user `admin` and return its answer as text.

    Raises:
        OSError: when the server does not listen or does not answer in time.
        QueueServerError: when it answers with an error.
    """
    user = ("admin", files.admin_password)
    return ask_as(user, files.socket, *command, timeout_seconds=timeout_seconds)


def ask_as(user: tuple[str, str], place: Path, *command: str, timeout_seconds: float = 5.0) -> str:
    """Send one command to the server at the socket `place` as a user (name, password); as `ask`."""
    with (
        _connect(place, timeout_seconds) as connection,
        connection.makefile("rb") as answers,
    ):
        connection.sendall(_encode("AUTH", *user) + _encode(*command))
        _read_answer(answers)
        return _read_answer(answers)


def wait_until_answering(files: ServerFiles, *, timeout_seconds: float) -> None:
    """Wait until the server has loaded its files and answers PING.

    Raises:
        TimeoutError: when it has not done so in `timeout_seconds`.
    """
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        try:
            ask(files, "PING")
        except (OSError, QueueServerError):  # not listening yet; still loading
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"The queue server did not answer within {timeout_seconds:g} s.")


def _connect(path: Path, timeout_seconds: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(timeout_seconds)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection


def _encode(*words: str) -> bytes:
    parts = [f"*{len(words)}\r\n".encode()]
    for word in words:
        data = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def _read_answer(answers: BinaryIO) -> str:
    line = answers.readline().rstrip(b"\r\n").decode(errors="replace")
    if not line:
        raise ConnectionError("The queue server closed the connection.")
    if line[0] == "-":
        raise QueueServerError(f"The queue server refused: {line[1:]}")
    if line[0] == "$":
        size = int(line[1:])
        return "" if size < 0 else answers.read(size + 2)[:-2].decode(errors="replace")
    return line[1:]
