"""A fault of time: one worker's clock is hours off and jumps."""

import os
import struct
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.chaos.scene import Scene

HOURS = (2, -2)
SECONDS_EACH = 5.0
HERE = Path(__file__).parent / "clock"


def let_a_clock_jump(scene: Scene) -> None:
    """Let a worker join whose clock jumps two hours ahead, then two behind, and ask it to go."""
    file = scene.system.folder / "clock"
    set_clock(file, scene.chance.choice(HOURS))
    with scene.system.joined_by_a_worker(make_environment(file)):
        for hours in scene.chance.sample(HOURS, len(HOURS)):
            set_clock(file, hours)
            time.sleep(SECONDS_EACH)


def set_clock(file: Path, hours: float) -> None:
    """Have the clocks that follow this file be wrong by so many hours, at once."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as clock:
        clock.write(struct.pack("d", hours * 3600.0))


def make_environment(file: Path) -> Mapping[str, str]:
    """Return what makes the clock of a Python process follow a file that is there already."""
    return {"PYTHONPATH": str(HERE), "CLOCK_FILE": str(file)}
