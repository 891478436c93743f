"""Read by Python at its start where this folder is on PYTHONPATH: the process's clock is wrong.

Everything in a worker that asks for the time of day is Python code (Celery, kombu, redis-py and our
own), so a wrong `time.time` is a wrong clock to it. It works without root and without a library.
"""

import os
import time

_seconds = float(os.environ.get("CLOCK_IS_WRONG_BY_SECONDS", "0"))
_right, _right_ns = time.time, time.time_ns
time.time = lambda: _right() + _seconds
time.time_ns = lambda: _right_ns() + int(_seconds * 1e9)
