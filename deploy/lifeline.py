"""Ties a process to the one that started it, so that nothing is left over when that one dies."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with_parent(parent_pid: int) -> None:
    """Ask the kernel to send SIGTERM to this process when its parent ends; it survives exec.

    The kernel looks at the thread that started this process: it must be the parent's main thread.
    Only Linux has this. Elsewhere nothing happens, and the next start reports what still runs by
    its lock.
    """
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent_pid:  # it died before the request took effect
        os.kill(os.getpid(), signal.SIGTERM)
