"""What a fault may touch: the system, the history of the run, and a source of chance."""

from dataclasses import dataclass
from random import Random

from deploy.chaos.history import History
from deploy.chaos.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One fault's view of a run; `chance` repeats with the seed."""

    system: System
    history: History
    chance: Random
