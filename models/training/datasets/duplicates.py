"""Finds pictures that are alike: a 64-bit difference hash and the sets that it ties together.

The hash (dHash: is each of 8 x 8 grey fields brighter than its right neighbour?) survives scaling,
compression and small changes of light. It is six lines here; the library for it would bring SciPy
and PyWavelets along.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BITS = 64
_ROWS = 512  # hashes that are compared with all others at once


def hash_picture(image: Image.Image) -> int:
    """Return the 64-bit difference hash of an RGB picture."""
    small = image.convert("L").resize((9, 8), Image.Resampling.BOX)
    grey = np.asarray(small, np.int16)  # (8, 9)
    bits = (grey[:, 1:] > grey[:, :-1]).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def distance(one: int, other: int) -> int:
    """Count the bits in which two hashes differ."""
    return (one ^ other).bit_count()


def find_pairs(hashes: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """Yield the places (i < j) of all hashes that differ in at most `most` bits."""
    known = np.array(hashes, np.uint64)
    for start in range(0, len(known), _ROWS):
        differ = np.bitwise_count(known[start : start + _ROWS, None] ^ known[None, :])  # (rows, n)
        for row, column in np.argwhere(differ <= most):
            if start + row < column:
                yield int(start + row), int(column)


class Sets:
    """Disjoint sets of things that belong together."""

    def __init__(self) -> None:
        self._above: dict[Hashable, Hashable] = {}

    def find(self, thing: Hashable) -> Hashable:
        """Return the thing that stands for the whole set of `thing`."""
        top = self._above.setdefault(thing, thing)
        while top != self._above[top]:
            top = self._above[top]
        while thing != top:  # the next call finds it in one step
            self._above[thing], thing = top, self._above[thing]
        return top

    def join(self, one: Hashable, other: Hashable) -> None:
        """Put the sets of two things together."""
        self._above[self.find(one)] = self.find(other)


class Nearest:
    """The hashes of the pictures that were kept, asked for a near one while they are collected."""

    def __init__(self, hashes: Iterable[int] = ()) -> None:
        self._known: NDArray[np.uint64] = np.array(list(hashes), np.uint64)
        self._count = len(self._known)

    def find(self, wanted: int, most: int) -> int | None:
        """Return the place of the nearest hash within `most` bits; None where there is none."""
        if not self._count:
            return None
        differ = np.bitwise_count(self._known[: self._count] ^ np.uint64(wanted))
        place = int(differ.argmin())
        return place if differ[place] <= most else None

    def add(self, new: int) -> None:
        """Add the hash of a picture that is kept."""
        if self._count == len(self._known):
            self._known = np.concatenate([self._known, np.zeros(1024, np.uint64)])
        self._known[self._count] = new
        self._count += 1
