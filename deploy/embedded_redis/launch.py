"""Turns the calling process into the queue server; the lock of its folder travels with it."""

import fcntl
import os
from pathlib import Path
from typing import NoReturn

from deploy.embedded_redis.binary import find_binary
from deploy.embedded_redis.errors import AlreadyRunning
from deploy.lifeline import end_with_parent


def become_server(folder: Path) -> NoReturn:
    """Take the lock of `folder` and replace this process by the server configured in it.

    A second server on one folder would start without a word, take the socket over and write into
    the same files; therefore the lock. It is held by the server's own process, so that it tells
    the truth even when everything around the server was killed.

    Raises:
        AlreadyRunning: when a server runs on this folder.
        NoServerFound: when there is no server program.
    """
    binary = find_binary()
    lock = take_lock(folder / "lock")
    os.set_inheritable(lock, True)
    os.umask(0o077)  # the append-only files would be readable by everyone
    os.chdir(folder)
    end_with_parent(os.getppid())
    os.execv(binary.path, [binary.path.name, str(folder / "server.conf")])


def take_lock(path: Path) -> int:
    """Lock `path` for this process, write its pid into it and return the open descriptor.

    Raises:
        AlreadyRunning: when another process holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(descriptor, 20).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise AlreadyRunning(
            f"Spotter is already running in {path.parent} (pid {pid}). "
            "Stop it first, or set SPOTTER_DATA to another folder."
        ) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def check_unlocked(path: Path) -> None:
    """Make sure that no process holds the lock `path`.

    Raises:
        AlreadyRunning: when one does.
    """
    os.close(take_lock(path))
