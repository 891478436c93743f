"""What a poisoned picture makes its worker do; the functions' names are the orders."""

import ctypes
import os
import time

from models.errors import ImageCode, ImageError


def ok(_note: str = "") -> None:
    pass


def slow(seconds: str) -> None:
    time.sleep(float(seconds))


def hang() -> None:
    """Hang deaf to Python, as a decoder in C may."""
    _lock_twice(ctypes.CDLL(None))


def freeze() -> None:
    """Hang with the interpreter's lock held."""
    _lock_twice(ctypes.PyDLL(None))


def crash() -> None:
    ctypes.string_at(0)


def leave() -> None:
    os._exit(9)


def memory() -> None:
    bytearray(8 * 2**30)


def bug() -> None:
    raise ZeroDivisionError("a bug")


def damaged() -> None:
    raise ImageError(ImageCode.DAMAGED, "The file is damaged.")


def obey(order: str) -> None:
    """Do what an order and its arguments say."""
    name, *arguments = order.split()
    globals()[name](*arguments)


def _lock_twice(libc: ctypes.CDLL) -> None:
    """Wait for ever in C, through every signal."""
    lock = ctypes.create_string_buffer(64)
    for _ in range(2):
        libc.pthread_mutex_lock(lock)
