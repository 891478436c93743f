"""Faults of the list of doorbells: rubbish in it, bells that are lost or doubled."""

import contextlib
import json
import time

from deploy.chaos.scene import Scene
from deploy.embedded_redis.errors import QueueServerError

LIST = "spotter:drain"
RUBBISH = ("rubbish", "[1, 2]", '{"properties": {}, "headers": {}}', "x" * 100_000)


def put_rubbish_on_the_list(scene: Scene) -> None:
    """Write what is no message into the list of doorbells."""
    with contextlib.suppress(OSError, QueueServerError):
        scene.system.ask_queue("RPUSH", LIST, scene.chance.choice(RUBBISH))


def lose_the_doorbells(scene: Scene) -> None:
    """Empty the list of doorbells, again and again for a second."""
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        with contextlib.suppress(OSError, QueueServerError):
            scene.system.ask_queue("DEL", LIST)
        time.sleep(0.01)


def double_the_doorbells(scene: Scene) -> None:
    """Ring five times with the next doorbell that is seen on the list."""
    until = time.monotonic() + 2.0
    while time.monotonic() < until:
        with contextlib.suppress(OSError, QueueServerError, json.JSONDecodeError):
            seen = scene.system.ask_queue("LINDEX", LIST, "0")
            if seen:
                scene.system.ask_queue("LPUSH", LIST, *[seen] * 5)
                return
        time.sleep(0.005)
