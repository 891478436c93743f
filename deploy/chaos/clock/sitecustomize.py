"""Read by Python at its start where this folder is on PYTHONPATH: the process's clock is wrong.

By how many seconds stands in the file that CLOCK_FILE names (eight bytes, a double); whoever writes
another number into it makes the clock jump. Everything in a worker that asks for the time of day is
Python code (Celery, kombu, redis-py and our own), so a wrong `time.time` is a wrong clock to it. It
works without root and without a library.
"""

import mmap
import os
import struct
import time

# There is no other way to tell a program that has not begun yet.
_file = os.open(os.environ["CLOCK_FILE"], os.O_RDONLY)  # noqa: TID251
_seconds = mmap.mmap(_file, 8, access=mmap.ACCESS_READ)
os.close(_file)
_right, _right_ns = time.time, time.time_ns


def _read_error() -> float:
    return float(struct.unpack_from("d", _seconds)[0])


time.time = lambda: _right() + _read_error()
time.time_ns = lambda: _right_ns() + int(_read_error() * 1e9)
