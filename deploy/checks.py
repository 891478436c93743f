"""What must be true before anything is started, each said in one line where it is not."""

import errno
import os
import socket
import time
from pathlib import Path

from deploy.embedded_redis.errors import AlreadyRunning
from deploy.embedded_redis.launch import check_unlocked, take_lock
from deploy.errors import StackError
from deploy.settings import StackSettings, is_loopback

# A queue server whose `make up` was killed saves and ends by itself within this time.
_LEFTOVER_SECONDS = 3.0


def claim_data_folder(folder: Path) -> int:
    """Make the data folder if it is missing and lock it for this process; return the lock.

    An existing folder keeps its rights: what Spotter puts into it is private by itself.

    Raises:
        AlreadyRunning: when another Spotter runs on it.
        StackError: when it cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return take_lock(folder / "lock")
    except OSError as error:
        raise StackError(
            f"SPOTTER_DATA: {folder} cannot be used ({error.strerror}). "
            "Set it to a folder that you may write to."
        ) from error


def check_no_leftover_server(queue_folder: Path) -> None:
    """Make sure that no queue server of a killed Spotter still runs on these files.

    Raises:
        AlreadyRunning: when one does and has not ended after a moment.
    """
    deadline = time.monotonic() + _LEFTOVER_SECONDS
    while queue_folder.exists():
        try:
            check_unlocked(queue_folder / "lock")
        except AlreadyRunning as error:
            if time.monotonic() > deadline:
                raise AlreadyRunning(
                    f"{error} (It is the queue server of a Spotter that was killed: "
                    "`kill PID` ends it cleanly.)"
                ) from None
            time.sleep(0.05)
        else:
            return


def check_port(settings: StackSettings) -> None:
    """Make sure that the web process will be able to listen.

    Raises:
        StackError: when it will not; the text names PORT or SPOTTER_HOST.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            # As gunicorn does: a connection that just ended does not hold the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        raise StackError(_explain_bind(error, settings)) from error


def tell_access(settings: StackSettings) -> str:
    """Return what a user should know of who may use Spotter, or nothing where only they can."""
    if settings.needs_keys:
        return (
            "access: with keys and sign-in links alone. Sign yourself in: "
            "make key LINK=me SCOPE=admin - a key for a program: make key NAME=phone"
        )
    if is_loopback(settings.host) and not settings.is_proxied:
        return ""
    return (
        "warning: SPOTTER_ACCESS=open: everybody who can reach "
        f"{settings.host} may use Spotter without a key."
    )


def _explain_bind(error: OSError, settings: StackSettings) -> str:
    port = settings.port
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Choose another one: PORT=9000 make up"
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights. Choose one above 1023: PORT=9000 make up"
    return f"SPOTTER_HOST: cannot listen on {settings.host}: {error.strerror or os.strerror(0)}."
