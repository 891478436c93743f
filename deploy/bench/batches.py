"""Loads a system with batches: the cheapest way in, for a folder of photos."""

import json
import time
from collections.abc import Sequence

from deploy.bench.load import BATCHES, LONGEST_SECONDS, Connection, Slice, make_form, make_request
from deploy.bench.system import BenchError, System

# Whoever sends a hundred photos at once looks after them every half second at most.
LOOK_SECONDS = 0.5


def load_with_batches(system: System, photos: Sequence[bytes], *, count: int) -> Slice:
    """Send so many batches of these photos, one behind the other, and wait for the last job.

    The ms of an image are those of its whole batch, up to the look that found it done.
    """
    body, kind = make_form(photos)
    request = make_request(BATCHES, body, content_type=kind)
    connection = Connection(system.port)
    cpu_before, began = system.read_cpu_seconds(), time.perf_counter()
    milliseconds: list[float] = []
    try:
        open_batches = {send_batch(connection, request): time.perf_counter() for _ in range(count)}
        while open_batches:
            time.sleep(LOOK_SECONDS)
            # They are worked on in their order: the first one alone is looked at.
            path, sent = next(iter(open_batches.items()))
            if time.perf_counter() - sent > LONGEST_SECONDS:
                raise BenchError(f"The batch {path} was not done after {LONGEST_SECONDS:.0f} s.")
            if _is_done(connection, path, len(photos)):
                milliseconds += [(time.perf_counter() - sent) * 1000] * len(photos)
                del open_batches[path]
        wall_seconds = time.perf_counter() - began
        cpu_seconds = system.read_cpu_seconds() - cpu_before
    finally:
        connection.close()
    return Slice(cpu_seconds=cpu_seconds, wall_seconds=wall_seconds, milliseconds=milliseconds)


def send_batch(connection: Connection, request: bytes) -> str:
    """Send one batch and return its path in the API.

    Raises:
        BenchError: it was not accepted.
    """
    status, answer = connection.exchange(request)
    if status != 202:
        raise BenchError(f"A batch was answered with {status}: {answer[:500]!r}")
    return str(json.loads(answer)["links"]["self"])


def _is_done(connection: Connection, path: str, photos: int) -> bool:
    status, answer = connection.exchange(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    batch = json.loads(answer)
    if status != 200 or (batch["finished"] and batch["counts"]["succeeded"] != photos):
        raise BenchError(f"A batch was answered with {status}: {answer[:500]!r}")
    return bool(batch["finished"])
