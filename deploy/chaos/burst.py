"""A fault of plenty: ten thousand pictures at once, on top of all others."""

import threading
import time
from collections.abc import Sequence
from random import Random

from deploy.chaos.caller import Caller
from deploy.chaos.load import BATCH, PICTURES
from deploy.chaos.pictures import make_picture
from deploy.chaos.scene import Scene

JOBS = 10_000
SENDERS = 4
# Until the next fault; a slow machine may still have some of them by then.
END_SECONDS = 120.0
NEARLY_DONE = 1000  # in quiet times some 600 wait


def send_a_burst(scene: Scene) -> None:
    """Send ten thousand pictures as fast as they are taken, and wait until they are worked off.

    A batch that is refused is not sent again.
    """
    data = [make_picture(number) for number in range(PICTURES)]
    threads = [
        threading.Thread(target=_send, args=(scene, data, f"burst-{scene.chance.random()}"))
        for _ in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until = time.monotonic() + END_SECONDS
    while time.monotonic() < until:
        state = scene.system.read("/readyz")
        if state and state["waiting"] < NEARLY_DONE:
            return
        time.sleep(0.5)


def _send(scene: Scene, data: Sequence[bytes], name: str) -> None:
    caller, chance = Caller(scene.system.port, scene.history, name=name), Random(name)  # noqa: S311
    for _ in range(JOBS // BATCH // SENDERS):
        numbers = [chance.randrange(PICTURES) for _ in range(BATCH)]
        key = f"{name}-{chance.getrandbits(64):x}"
        caller.submit_batch(numbers, [data[number] for number in numbers], key=key)
