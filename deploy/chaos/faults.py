"""The faults: what the operating system, the network and the neighbours may do to a Spotter.

Each is a function of a scene; it returns when the fault is over for the one who caused it (a frozen
program runs again, a killed one is dead, a full disk has room again).
"""

from collections.abc import Callable, Iterator
from random import Random

from deploy.chaos.burst import send_a_burst
from deploy.chaos.clocks import let_a_clock_jump
from deploy.chaos.doorbells import (
    double_the_doorbells,
    lose_the_doorbells,
    put_rubbish_on_the_list,
)
from deploy.chaos.half_open import cut_every_connection
from deploy.chaos.poison import send_poison
from deploy.chaos.programs import (
    freeze_a_child,
    freeze_and_kill_the_worker,
    freeze_the_queue,
    kill_a_child,
    kill_a_web_process,
    kill_the_queue,
    kill_the_worker,
    kill_web,
    stop_the_worker,
    wake_a_zombie,
)
from deploy.chaos.rollover import change_the_version
from deploy.chaos.scene import Scene
from deploy.chaos.shortage import fill_the_disk, fill_the_memory

PAUSE_SECONDS = 9.0

Fault = Callable[[Scene], None]
FAULTS: tuple[Fault, ...] = (
    kill_a_child,
    kill_the_worker,
    freeze_and_kill_the_worker,
    wake_a_zombie,
    freeze_a_child,
    stop_the_worker,
    kill_the_queue,
    freeze_the_queue,
    fill_the_disk,
    fill_the_memory,
    cut_every_connection,
    kill_web,
    kill_a_web_process,
    put_rubbish_on_the_list,
    lose_the_doorbells,
    double_the_doorbells,
    let_a_clock_jump,
    send_poison,
    send_a_burst,
    change_the_version,
)


def plan_faults(
    seed: int, *, pause_seconds: float = PAUSE_SECONDS
) -> Iterator[tuple[float, Fault, str]]:
    """Yield, without end, the pause before a fault, the fault, and the seed of its own chances.

    They are the same for one seed. Every kind comes once before any comes again; the pause is
    between half of `pause_seconds` and half as much again.
    """
    chance = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    number = 0
    while True:
        for fault in chance.sample(FAULTS, len(FAULTS)):
            yield chance.uniform(0.5, 1.5) * pause_seconds, fault, f"{seed}/{number}"
            number += 1
