"""The simulated ledger: who is refused, in which order jobs are handed out.

Follows jobs/lua: a limit of waiting jobs, refusal of who waits and would be answered late,
interactive before bulk but for every eighth lease, one waiting frame a camera. Knows no time but
what it is told, and no SimPy.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from deploy.simulate.system import System

# As jobs/lua/accept.lua has them; tests/deploy/simulate/test_ledger.py holds them to it.
BULK_EXTRA, OWN_TIMES = 8 / 7, 1.5
HEAVY, LIGHT = 0.7, 0.8
SHARE = 1 / 16  # of a moving mean, as in advance.lua


@dataclass(slots=True, kw_only=True)
class Job:
    """A picture between the door and its answer.

    `waits`: its sender wants the answer soon or not at all. `on_end` is called once, when it has
    ended in whatever way.
    """

    arrived: float
    camera: str | None = None
    owner: str | None = None
    waits: bool = False
    bulk: bool = False
    accepted: float = 0.0
    started: float | None = None
    ended: float | None = None
    superseded: bool = False
    on_end: Callable[[], object] | None = None

    def end(self, now: float) -> None:
        """Note the end, and tell who waits for it."""
        self.ended = now
        if self.on_end:
            self.on_end()


class Ledger:
    """Waiting and running jobs."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.interactive: deque[Job] = deque()
        self.bulk: deque[Job] = deque()
        self.running = 0
        self._service = 0.0  # moving mean, 0 until the first job has ended
        self._leases = 0
        self._cameras: dict[str, Job] = {}
        self._interactive_of: Counter[str | None] = Counter()

    @property
    def waiting(self) -> int:
        """Return how many jobs wait."""
        return len(self.interactive) + len(self.bulk)

    def take(self, job: Job, now: float, *, children: int) -> str:
        """Take a job in; return nothing, or why it is refused: `depth` or `late`."""
        older = self._cameras.get(job.camera) if job.camera else None
        replaces = older is not None and older.started is None and older.ended is None
        if not replaces and self.waiting >= self._system.max_waiting:
            return "depth"
        own = self._interactive_of[job.owner] if job.owner is not None else 0
        is_heavy = own >= self._system.interactive_per_owner
        patience = self._system.answer_seconds * (HEAVY if is_heavy else LIGHT)
        is_late = self.estimate_answer(children) > patience
        if job.waits and is_late and not replaces:
            return "late"
        job.accepted = now
        if replaces and older is not None:
            self._supersede(older, job, now)
        else:
            job.bulk |= not job.waits and (is_heavy or is_late)
            self._interactive_of[job.owner] += not job.bulk
            (self.bulk if job.bulk else self.interactive).append(job)
        if job.camera:
            self._cameras[job.camera] = job
        return ""

    def estimate_answer(self, children: int) -> float:
        """Say in how many seconds a new interactive job would be answered; 0: at once."""
        ahead = len(self.interactive)
        if not self._service or not children or ahead + self.running < children:
            return 0.0
        return self._service * (ahead * BULK_EXTRA / children + OWN_TIMES)

    def _supersede(self, older: Job, job: Job, now: float) -> None:
        """Let a newer frame take an older one's place."""
        job.bulk = older.bulk
        queue = self.bulk if older.bulk else self.interactive
        queue[queue.index(older)] = job
        older.superseded = True
        older.end(now)

    def lease(self, now: float) -> Job | None:
        """Hand out the next job."""
        self._leases += 1
        order = (self.interactive, self.bulk)
        if self._leases % self._system.bulk_turn == 0:
            order = (self.bulk, self.interactive)
        for queue in order:
            if queue:
                job = queue.popleft()
                job.started = now
                self._interactive_of[job.owner] -= not job.bulk
                self.running += 1
                return job
        return None

    def finish(self, job: Job, now: float) -> None:
        """Note the end of a job."""
        assert job.started is not None
        took = now - job.started
        self._service += (took - self._service) * (SHARE if self._service else 1)
        self.running -= 1
        job.end(now)
