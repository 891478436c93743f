"""`serve` starts real servers that are not ours: without our configuration, users and files."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.embedded_redis.binary import find_binary
from tests.deploy.servers import Serve, find_free_port, wait_until_listening


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers with these options on free ports; each is on loopback unless it says else."""
    with contextlib.ExitStack() as servers:

        def start(*options: str) -> int:
            port = find_free_port()
            bind = () if "--bind" in options else ("--bind", "127.0.0.1")
            server = servers.enter_context(
                subprocess.Popen(
                    [find_binary().path, "--port", str(port), "--save", "", *bind, *options],
                    cwd=tmp_path,
                    stdout=subprocess.DEVNULL,
                )
            )
            servers.callback(server.kill)
            wait_until_listening(port)
            return port

        yield start
