"""The faults: what the operating system and the neighbours on the queue may do to a Spotter.

Each is a function of the system and of a source of chance; it returns when the fault is over for
the one who caused it (a frozen program runs again, a killed one is dead).
"""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable
from random import Random

import psutil

from deploy.chaos.system import System
from deploy.embedded_redis.errors import QueueServerError

LIST = "spotter:drain"
PAUSE_SECONDS = 9.0
# Longer than two leases, so that every job in hand was given to somebody else meanwhile.
ZOMBIE_SECONDS = 11.0
FROZEN_QUEUE_SECONDS = 6.0
RUBBISH = ("rubbish", "[1, 2]", '{"properties": {}, "headers": {}}', "x" * 100_000)


def _signal_session(process: psutil.Process | None, number: int) -> None:
    if process is not None:
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            os.killpg(process.pid, number)


def kill_a_child(system: System, chance: Random) -> None:
    """Kill one pool child, as the kernel does when memory runs out."""
    children = system.find_children("worker")
    if children:
        with contextlib.suppress(psutil.Error):
            chance.choice(children).kill()


def kill_the_worker(system: System, _: Random) -> None:
    """Kill the worker's main process and its children."""
    _signal_session(system.find("worker"), signal.SIGKILL)


def freeze_and_kill_the_worker(system: System, _: Random) -> None:
    """Freeze the worker, so that it takes doorbells and does nothing, and then kill it."""
    worker = system.find("worker")
    _signal_session(worker, signal.SIGSTOP)
    time.sleep(1.0)
    _signal_session(worker, signal.SIGKILL)


def wake_a_zombie(system: System, _: Random) -> None:
    """Freeze the worker beyond its leases and let it go on as if nothing had been."""
    worker = system.find("worker")
    _signal_session(worker, signal.SIGSTOP)
    time.sleep(ZOMBIE_SECONDS)
    _signal_session(worker, signal.SIGCONT)


def freeze_a_child(system: System, chance: Random) -> None:
    """Freeze one pool child beyond its lease while the others go on."""
    children = system.find_children("worker")
    if not children:
        return
    child = chance.choice(children)
    with contextlib.suppress(psutil.Error):
        child.suspend()
        time.sleep(ZOMBIE_SECONDS)
        child.resume()


def stop_the_worker(system: System, _: Random) -> None:
    """Ask the worker to end, as a platform does that scales down."""
    worker = system.find("worker")
    if worker is not None:
        with contextlib.suppress(psutil.Error):
            worker.terminate()
            worker.wait(10)


def kill_the_queue(system: System, _: Random) -> None:
    """Kill the queue server."""
    _signal_session(system.find("queue"), signal.SIGKILL)


def freeze_the_queue(system: System, _: Random) -> None:
    """Freeze the queue server for longer than anybody waits for it."""
    queue = system.find("queue")
    _signal_session(queue, signal.SIGSTOP)
    time.sleep(FROZEN_QUEUE_SECONDS)
    _signal_session(queue, signal.SIGCONT)


def kill_web(system: System, _: Random) -> None:
    """Kill the web server with all that it has in hand."""
    _signal_session(system.find("web"), signal.SIGKILL)


def kill_a_web_process(system: System, chance: Random) -> None:
    """Kill the process that answers and leave its supervisor alone."""
    processes = system.find_children("web")
    if processes:
        with contextlib.suppress(psutil.Error):
            chance.choice(processes).kill()


def put_rubbish_on_the_list(system: System, chance: Random) -> None:
    """Write what is no message into the list of doorbells."""
    with contextlib.suppress(OSError, QueueServerError):
        system.ask_queue("RPUSH", LIST, chance.choice(RUBBISH))


def lose_the_doorbells(system: System, _: Random) -> None:
    """Empty the list of doorbells, again and again for a second."""
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        with contextlib.suppress(OSError, QueueServerError):
            system.ask_queue("DEL", LIST)
        time.sleep(0.01)


def double_the_doorbells(system: System, _: Random) -> None:
    """Ring five times with the next doorbell that is seen on the list."""
    until = time.monotonic() + 2.0
    while time.monotonic() < until:
        with contextlib.suppress(OSError, QueueServerError, json.JSONDecodeError):
            seen = system.ask_queue("LINDEX", LIST, "0")
            if seen:
                system.ask_queue("LPUSH", LIST, *[seen] * 5)
                return
        time.sleep(0.005)


Fault = Callable[[System, Random], None]
FAULTS: tuple[Fault, ...] = (
    kill_a_child,
    kill_the_worker,
    freeze_and_kill_the_worker,
    wake_a_zombie,
    freeze_a_child,
    stop_the_worker,
    kill_the_queue,
    freeze_the_queue,
    kill_web,
    kill_a_web_process,
    put_rubbish_on_the_list,
    lose_the_doorbells,
    double_the_doorbells,
)


def plan_faults(
    seed: int, seconds: float, *, pause_seconds: float = PAUSE_SECONDS
) -> list[tuple[float, Fault, str]]:
    """Return when which fault comes, with the seed of its own chances; the same for one seed.

    Every kind comes once before any comes again; between the beginnings of two lie half of
    `pause_seconds` to half as much again.
    """
    chance = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    planned: list[tuple[float, Fault, str]] = []
    at, deck = 3.0, list[Fault]()
    while at < seconds:
        if not deck:
            deck = chance.sample(FAULTS, len(FAULTS))
        fault = deck.pop()
        planned.append((at, fault, f"{seed}/{len(planned)}"))
        at += chance.uniform(0.5, 1.5) * pause_seconds
    return planned
