"""Progress lines on the terminal for whatever takes longer than a second."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

_EVERY_SECONDS = 2.0
T = TypeVar("T")


def show_progress(items: Iterable[T], count: int, what: str) -> Iterator[T]:
    """Pass the items on and write, every two seconds, how far it is and how long it will take."""
    started = shown = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - shown >= _EVERY_SECONDS or (done == count and now - started > 1):
            shown = now
            left = (now - started) / done * (count - done)
            print(f"{what}: {done}/{count}, {left:.0f} s left", file=sys.stderr, flush=True)


def say(text: str) -> None:
    """Write one line about what is going on."""
    print(text, file=sys.stderr, flush=True)
