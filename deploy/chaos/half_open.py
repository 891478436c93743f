"""A fault of the network: every connection to the queue server is dead, and nobody is told.

A second holder of a connection keeps it from being closed. So the server is frozen (what is sent
now, nobody hears), every connection of it is taken in hand here, and then it is killed: no FIN and
no RST go out, as behind a cable that was pulled or a NAT that forgot. The next server hears only
those who connect anew. The dead connections stay in hand until the run ends, for their end would
wake whoever still waits on them.
"""

import contextlib
import ctypes
import os
import signal
import socket
import time
from pathlib import Path

from deploy.chaos.programs import signal_session
from deploy.chaos.scene import Scene

HOLE_SECONDS = 3.0
# Until the next fault: longer than it takes a worker or web to see that its connection is dead.
RECOVERY_SECONDS = 15.0
PIDFD_GETFD = 438  # the same number on every architecture of Linux; Python has no name for it


def cut_every_connection(scene: Scene) -> None:
    """Leave web and workers with connections to the queue server that are dead and look alive.

    Raises:
        OSError: where the kernel does not let one process share another one's connections.
    """
    queue = scene.system.find("queue")
    signal_session(queue, signal.SIGSTOP)
    try:
        scene.system.dead_connections += share_connections(queue.pid)
    except OSError:
        signal_session(queue, signal.SIGCONT)
        raise
    time.sleep(HOLE_SECONDS)
    signal_session(queue, signal.SIGKILL)
    time.sleep(RECOVERY_SECONDS)


def share_connections(pid: int) -> list[socket.socket]:
    """Return a second holder of each open connection of a process; listening sockets are left out.

    Raises:
        OSError: where the kernel forbids it (a container without the right, no Linux).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    found = []
    process = os.pidfd_open(pid)
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            if not _is_socket(entry):
                continue
            descriptor = libc.syscall(PIDFD_GETFD, process, int(entry.name), 0)
            if descriptor < 0:
                raise OSError(ctypes.get_errno(), f"connections of process {pid} cannot be shared")
            shared = socket.socket(fileno=descriptor)
            if shared.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                shared.close()
            else:
                found.append(shared)
    finally:
        os.close(process)
    return found


def _is_socket(entry: Path) -> bool:
    with contextlib.suppress(OSError):
        return str(entry.readlink()).startswith("socket:")
    return False
