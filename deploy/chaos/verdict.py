"""What a history shows; the checker fills it in, the report tells it."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How a fault was felt: the longest time in which no job was worked off, seconds.

    It begins with the fault or later, and before the next one, whose doing its end may be.
    """

    name: str
    gap: float


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What a history shows. `named` holds ids (or keys) with what broke the promise."""

    requests: int = 0
    accepted: int = 0
    unknown: int = 0
    replayed: int = 0
    lost: int = 0
    duplicated: int = 0
    changed: int = 0
    wrong: int = 0
    late: int = 0
    unexplained: Counter[str] = field(default_factory=Counter)
    poisons: int = 0
    sure_versions: Counter[str] = field(default_factory=Counter)
    undone: Counter[str] = field(default_factory=Counter)
    again: int = 0
    states: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    recoveries: list[Recovery] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    @property
    def is_kept(self) -> bool:
        """Tell whether the promise was kept; lateness breaks no promise."""
        return not (self.lost or self.duplicated or self.changed or self.wrong)
