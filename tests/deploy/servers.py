"""Servers of a user's own, as REDIS_URL may name one."""

import socket
import time
from collections.abc import Callable

# Starts one with these options of its command line and returns its port.
Serve = Callable[..., int]


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def wait_until_listening(port: int) -> None:
    deadline = time.monotonic() + 20
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)) != 0:
            assert time.monotonic() < deadline, "the server does not listen"
            time.sleep(0.02)
