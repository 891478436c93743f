"""A fault of pictures: some that crash, hang or bloat their worker, among good ones.

A poison is a picture with an order in its comment, which the worker for tests obeys
(tests/faults/digest_app.py). The real worker knows no picture that crashes it; of these it gets the
damaged one alone, whose pixels break off in the middle.
"""

import time
from collections.abc import Mapping, Sequence

from deploy.chaos.caller import Caller
from deploy.chaos.load import PICTURES
from deploy.chaos.pictures import make_picture
from deploy.chaos.scene import Scene

# The order, and the reason by which its job must fail.
REASONS: Mapping[str, str] = {
    "crash": "worker_lost",
    "hang": "picture_too_slow",
    "memory": "out_of_memory",
    "damaged": "image_damaged",
}
FOR_EVERY_WORKER = frozenset({"damaged"})
GOOD = 20
# Three attempts of one that hangs take some 20 s.
END_SECONDS = 60.0


def send_poison(scene: Scene) -> None:
    """Send one batch of good pictures with poison among them, and wait for the poison's end."""
    orders = [one for one in REASONS if scene.system.obeys_orders or one in FOR_EVERY_WORKER]
    good = [scene.chance.randrange(PICTURES) for _ in range(GOOD)]
    # Numbers below 0: no other picture of the run has them.
    sent = {number: make_picture(number) for number in good}
    for place, order in enumerate(orders, 1):
        scene.history.note("poison", picture=-place, order=order, code=REASONS[order])
        sent[-place] = make_picture(place, order=order)
    numbers = [*good, *range(-len(orders), 0)]
    scene.chance.shuffle(numbers)
    _send_and_wait(scene, numbers, sent)


def _send_and_wait(scene: Scene, numbers: Sequence[int], sent: Mapping[int, bytes]) -> None:
    caller = Caller(scene.system.port, scene.history, name="poison")
    key = f"poison-{scene.chance.getrandbits(64):x}"
    path = ""
    until = time.monotonic() + END_SECONDS
    while time.monotonic() < until:
        if not path:
            answer = caller.submit_batch(numbers, [sent[number] for number in numbers], key=key)
            path = answer.body["links"]["self"] if answer.status == 202 else ""
        else:
            answer = caller.look_at_batch(path, numbers)
            if answer.status == 200 and answer.body["finished"]:
                return
        time.sleep(0.5)
