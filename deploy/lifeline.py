"""Ties a process to the one that started it, so that nothing is left over when that one dies.

`python -m deploy.lifeline COMMAND ...` ties itself, then becomes the command.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_parent() -> None:
    """Ask the kernel to send SIGTERM to this process when its parent ends.

    It survives execv. The kernel looks at the thread that started this process: that must be
    the parent's main thread. Only Linux has it; elsewhere this does nothing, and the next start
    reports what still runs by its lock.
    """
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the request took effect
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    end_with_parent()
    os.execvp(sys.argv[1], sys.argv[1:])
