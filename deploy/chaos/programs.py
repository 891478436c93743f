"""Faults of programs: they are killed, frozen or told to stop."""

import contextlib
import os
import signal
import time

import psutil

from deploy.chaos.scene import Scene

# Longer than two leases, so that every job in hand was given to somebody else meanwhile.
ZOMBIE_SECONDS = 11.0
FROZEN_QUEUE_SECONDS = 6.0


def signal_session(process: psutil.Process, number: int) -> None:
    """Signal a program's main process and all that it has started.

    Raises:
        ProcessLookupError: when it has ended.
    """
    os.killpg(process.pid, number)


def freeze(process: psutil.Process, seconds: float) -> None:
    """Freeze a program for so long and let it go on as if nothing had been."""
    signal_session(process, signal.SIGSTOP)
    time.sleep(seconds)
    signal_session(process, signal.SIGCONT)


def kill_a_child(scene: Scene) -> None:
    """Kill one pool child, as the kernel does when memory runs out."""
    scene.chance.choice(scene.system.find_children("worker")).kill()


def kill_the_worker(scene: Scene) -> None:
    """Kill the worker's main process and its children."""
    signal_session(scene.system.find("worker"), signal.SIGKILL)


def freeze_and_kill_the_worker(scene: Scene) -> None:
    """Freeze the worker, so that it takes doorbells and does nothing, and then kill it."""
    worker = scene.system.find("worker")
    signal_session(worker, signal.SIGSTOP)
    time.sleep(1.0)
    signal_session(worker, signal.SIGKILL)


def wake_a_zombie(scene: Scene) -> None:
    """Freeze the worker beyond its leases and let it go on as if nothing had been."""
    freeze(scene.system.find("worker"), ZOMBIE_SECONDS)


def freeze_a_child(scene: Scene) -> None:
    """Freeze one pool child beyond its lease while the others go on."""
    child = scene.chance.choice(scene.system.find_children("worker"))
    child.suspend()
    time.sleep(ZOMBIE_SECONDS)
    with contextlib.suppress(psutil.NoSuchProcess):
        child.resume()


def stop_the_worker(scene: Scene) -> None:
    """Ask the worker to end, as a platform does that scales down."""
    worker = scene.system.find("worker")
    worker.terminate()
    worker.wait(10)


def kill_the_queue(scene: Scene) -> None:
    """Kill the queue server."""
    signal_session(scene.system.find("queue"), signal.SIGKILL)


def freeze_the_queue(scene: Scene) -> None:
    """Freeze the queue server for longer than anybody waits for it."""
    freeze(scene.system.find("queue"), FROZEN_QUEUE_SECONDS)


def kill_web(scene: Scene) -> None:
    """Kill the web server with all that it has in hand."""
    signal_session(scene.system.find("web"), signal.SIGKILL)


def kill_a_web_process(scene: Scene) -> None:
    """Kill the process that answers and leave its supervisor alone."""
    scene.chance.choice(scene.system.find_children("web")).kill()
