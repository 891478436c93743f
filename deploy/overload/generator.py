"""Sends requests by the clock, whatever the answers do, and notes how each of them ended.

An open loop: a slow server does not slow its senders down, as the world does not slow down either.
Knows HTTP/1.1 as far as this service speaks it, with lengths and connections that stay open.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Request = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request's end. `status` is 0 where the connection broke; `seconds` since it was due."""

    status: int
    seconds: float
    retry_after: str = ""


class Sender:
    """Requests to one address over as many connections as are needed at once."""

    def __init__(self, host: str, port: int, *, timeout_seconds: float = 30.0) -> None:
        self._place = (host, port)
        self._timeout = timeout_seconds
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(self, payload: bytes, due: float) -> Answer:
        """Send one request and read its answer; `due` is when it should have begun."""
        try:
            async with asyncio.timeout(self._timeout):
                head = await self._exchange(payload)
        except (OSError, EOFError, TimeoutError):
            return Answer(status=0, seconds=time.monotonic() - due)
        seconds = time.monotonic() - due
        status = int(head.split(b" ", 2)[1])
        return Answer(status=status, seconds=seconds, retry_after=_find(head, b"retry-after"))

    async def _exchange(self, payload: bytes) -> bytes:
        reader, writer = await self._connect()
        try:
            writer.write(payload)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(_find(head, b"content-length") or 0))
        except BaseException:
            writer.close()
            raise
        if _find(head, b"connection").lower() == "close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return head

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(*self._place)

    def close(self) -> None:
        """Close what is idle."""
        for _, writer in self._idle:
            writer.close()


def _find(head: bytes, name: bytes) -> str:
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip().decode("latin-1")
    return ""


async def send_by_the_clock(
    sender: Sender, request: Request, *, per_second: float, seconds: float
) -> list[Answer]:
    """Start `per_second` requests each second; return the answers when all are there."""
    start = time.monotonic()
    tasks: list[asyncio.Task[Answer]] = []
    for number in range(int(per_second * seconds)):
        due = start + number / per_second
        if (pause := due - time.monotonic()) > 0:
            await asyncio.sleep(pause)
        tasks.append(asyncio.create_task(sender.send(request(number), due)))
    return list(await asyncio.gather(*tasks))


async def send_in_turns(
    sender: Sender, request: Request, *, clients: int, seconds: float
) -> list[Answer]:
    """Let each of `clients` send its next request when it has the answer to the one before."""
    end = time.monotonic() + seconds
    numbers = iter(range(10**9))

    async def run() -> list[Answer]:
        answers = []
        while (now := time.monotonic()) < end:
            answers.append(await sender.send(request(next(numbers)), now))
        return answers

    found = await asyncio.gather(*(run() for _ in range(clients)))
    return [answer for answers in found for answer in answers]


def find_quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of them lie; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
