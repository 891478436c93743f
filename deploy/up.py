"""`make up`: the whole of Spotter on this machine, until Ctrl-C.

    python -m deploy.up

Settings come from the environment (README.md lists them).
"""

import contextlib
import os
import signal
import sys

from deploy.errors import StackError
from deploy.output import write_record
from deploy.settings import StackSettings
from deploy.stack import Stack


def main(worker_module: str = "worker.app") -> int:
    """Run the stack; return 0 when it was ended on request, 1 when it could not run."""
    os.umask(0o077)  # whatever lands in the data folder is this user's alone
    try:
        settings = StackSettings.from_env(os.environ)
        say, show = (_say_record, _show_record) if settings.logs == "stdout" else (_say, _show)
        stack = Stack(settings, os.environ, say=say, show=show, worker_module=worker_module)
        wake = _catch_signals(stack)
        stack.run(wake)
    except StackError as error:
        print(f"Spotter cannot start. {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def _catch_signals(stack: Stack) -> int:
    """Turn signals into wishes of the stack; return a descriptor that has bytes after each."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stack.end_soon)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reader


def _say(line: str) -> None:
    # That nobody reads any more is no reason to end the stack.
    with contextlib.suppress(OSError):
        print(line, flush=True)


def _show(name: str, line: str) -> None:
    _say(f"{name} | {line}")


def _say_record(line: str) -> None:
    _show_record("stack", line)


def _show_record(name: str, line: str) -> None:
    _say(write_record(name, line))


if __name__ == "__main__":
    sys.exit(main())
