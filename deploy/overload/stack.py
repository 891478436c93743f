"""A Spotter of its own for a measurement: `make up` on a free port with an empty data folder."""

import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.errors import StackError
from deploy.settings import ROOT

_START_SECONDS = 60.0
_END_SECONDS = 20.0


@contextmanager
def run_stack(environ: Mapping[str, str]) -> Iterator[int]:
    """Start it with these settings, yield its port when a worker is ready, and end it.

    Raises:
        StackError: it did not come up; the text is what it said last.
    """
    with tempfile.TemporaryDirectory(prefix="spotter-overload-") as folder:
        console = Path(folder) / "console"
        port = _find_free_port()
        with console.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "deploy.up"],
                cwd=ROOT,
                env={
                    **environ,
                    "PORT": str(port),
                    "SPOTTER_DATA": str(Path(folder) / "data"),
                },
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        try:
            _await_address(process, console)
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_END_SECONDS)


def _await_address(process: subprocess.Popen[bytes], console: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while "Spotter is at " not in (said := console.read_text()):
        if process.poll() is not None or time.monotonic() > deadline:
            raise StackError(f"It did not come up. {said.strip()}")
        time.sleep(0.05)


def _find_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
