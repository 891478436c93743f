"""The simulated Spotter: a door with a limit, a ledger that leases, instances that come and go.

Built on SimPy's event loop. Follows the real one in what decides about waiting: interactive before
bulk but for every eighth lease, one waiting frame a camera (a newer one takes its place), refusal
at the limit, a worker that ends with the picture in hand. Leaves out what does not: crashes, fair
shares between owners, the size of pictures.
"""

from collections import Counter, deque
from collections.abc import Generator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import simpy

from deploy.simulate.scaling import Rule, Scaler, Seen
from deploy.simulate.system import System
from deploy.simulate.traces import Arrival, Trace

SLICE_SECONDS = 0.002  # how long a process keeps a core that others want, too
Process = Generator[Any, Any, None]


@dataclass(slots=True, kw_only=True)
class Job:
    """A picture between the door and its answer."""

    arrived: float
    accepted: float = 0.0
    started: float | None = None
    ended: float | None = None
    superseded: bool = False
    bulk: bool = False
    owner: str | None = None


@dataclass(slots=True, kw_only=True)
class Sample:
    """How things stood at one second."""

    seconds: float
    waiting: int
    running: int
    instances: int  # those that start or stop included: they are paid for
    ready: int


@dataclass(slots=True, kw_only=True)
class Record:
    """What happened in a run."""

    jobs: list[Job] = field(default_factory=list)
    refused: int = 0
    samples: list[Sample] = field(default_factory=list)  # one a second


class World:
    """One run of one trace under one rule.

    `cores`: how many processor cores all processes share (a laptop); None: each worker child has a
    core of its own and web is not in its way (a cloud).
    """

    def __init__(
        self, system: System, rule: Rule, *, children: int, seed: int, cores: int | None = None
    ) -> None:
        self.env = simpy.Environment()
        self.record = Record()
        self._system = system
        self._scaler = Scaler(rule=rule)
        self._children = children
        self._random = Random(seed)  # noqa: S311  no secret
        self._cores = simpy.Resource(self.env, cores) if cores else None
        self._ledger = simpy.Resource(self.env, 1)  # Redis works with one thread
        self._interactive: deque[Job] = deque()
        self._bulk: deque[Job] = deque()
        self._cameras: dict[str, Job] = {}
        self._interactive_of: Counter[str | None] = Counter()
        self._leases = 0
        self._idle: deque[simpy.Event] = deque()
        self._instances: list[Instance] = []
        self._running = 0
        self._busy_seconds = 0.0

    def run(self, trace: Trace, *, drain_seconds: float = 600.0) -> Record:
        """Let the trace come in, and go on until it is worked off, `drain_seconds` at most."""
        for _ in range(self._scaler.rule.least):
            self._start_instance(warm=True)
        self.env.process(self._send(trace))
        self.env.process(self._scale())
        self.env.process(self._look(trace.seconds + drain_seconds))
        self.env.run(until=trace.seconds)
        end = trace.seconds + drain_seconds
        while self._count_waiting() + self._running and self.env.now < end:
            self.env.run(until=min(end, self.env.now + 1.0))
        return self.record

    def _send(self, trace: Trace) -> Process:
        for arrival in trace.arrivals:
            yield self.env.timeout(max(0.0, arrival.seconds - self.env.now))
            self.env.process(self._take_in(arrival))

    def _take_in(self, arrival: Arrival) -> Process:
        """Do what web does with one picture."""
        job = Job(arrived=self.env.now, bulk=arrival.bulk, owner=arrival.owner)
        own = self._system.client_seconds if self._cores else 0.0
        yield from self._burn(self._system.web_seconds + own)
        with self._ledger.request() as turn:
            yield turn
            yield self.env.timeout(self._system.ledger_seconds)
        job.accepted = self.env.now
        older = self._cameras.get(arrival.camera) if arrival.camera else None
        if older is not None and older.started is None:
            older.superseded = True
            older.ended = self.env.now
            queue = self._bulk if older.bulk else self._interactive
            queue[queue.index(older)] = job  # takes its place
        elif self._count_waiting() >= self._system.max_waiting:
            self.record.refused += 1
            return
        else:
            self._line_up(job)
        if arrival.camera:
            self._cameras[arrival.camera] = job
        self.record.jobs.append(job)
        if self._idle:
            self._idle.popleft().succeed()

    def _line_up(self, job: Job) -> None:
        """Put a job into its class: an owner's first few are interactive."""
        if job.owner is not None:
            job.bulk |= self._interactive_of[job.owner] >= self._system.interactive_per_owner
            self._interactive_of[job.owner] += not job.bulk
        (self._bulk if job.bulk else self._interactive).append(job)

    def _count_waiting(self) -> int:
        return len(self._interactive) + len(self._bulk)

    def lease(self) -> Job | None:
        """Hand out the next job, as the ledger's script does."""
        self._leases += 1
        is_bulk_turn = self._leases % self._system.bulk_turn == 0
        for queue in (
            (self._bulk, self._interactive) if is_bulk_turn else (self._interactive, self._bulk)
        ):
            if queue:
                job = queue.popleft()
                job.started = self.env.now
                self._interactive_of[job.owner] -= not job.bulk
                return job
        return None

    def _start_instance(self, *, warm: bool = False) -> None:
        instance = Instance()
        self._instances.append(instance)
        self.env.process(self._open(instance, warm=warm))

    def _open(self, instance: "Instance", *, warm: bool) -> Process:
        if not warm:
            rule = self._scaler.rule
            yield self.env.timeout(rule.start_seconds + self._system.worker_ready_seconds)
        instance.is_ready = True
        children = [self.env.process(self._work(instance)) for _ in range(self._children)]
        yield self.env.all_of(children)
        self._instances.remove(instance)

    def _work(self, instance: "Instance") -> Process:
        """Do what one pool child does until its instance is told to stop."""
        while not instance.is_stopping:
            job = self.lease()
            if job is None:
                bell = self.env.event()
                self._idle.append(bell)
                instance.bells.append(bell)
                yield bell
                instance.bells.remove(bell)
                yield self.env.timeout(self._system.bell_seconds)
                continue
            self._running += 1
            cost = self._random.choice(self._system.service_seconds)
            yield from self._burn(cost)
            self._busy_seconds += cost
            job.ended = self.env.now
            self._running -= 1
        if self._count_waiting() and self._idle:
            self._idle.popleft().succeed()  # a bell that we heard, and leave to another

    def _burn(self, seconds: float) -> Process:
        """Use a core for so long; where cores are shared, in slices, taking turns."""
        if self._cores is None:
            yield self.env.timeout(seconds)
            return
        left = seconds
        while left > 0:
            with self._cores.request() as turn:
                yield turn
                used = min(left, SLICE_SECONDS)
                yield self.env.timeout(used)
            left -= used

    def _scale(self) -> Process:
        """Do what the platform does."""
        rule = self._scaler.rule
        busy_before = 0.0
        while True:
            yield self.env.timeout(rule.poll_seconds)
            ready = sum(one.is_ready and not one.is_stopping for one in self._instances)
            spent = self._busy_seconds - busy_before
            busy_before = self._busy_seconds
            capacity = max(1, ready * self._children) * rule.poll_seconds
            seen = Seen(
                interactive=len(self._interactive),
                bulk=len(self._bulk),
                running=self._running,
                busy_share=min(1.0, spent / capacity),
            )
            staying = [one for one in self._instances if not one.is_stopping]
            wanted = self._scaler.decide(self.env.now, seen, instances=len(staying), ready=ready)
            for _ in range(wanted - len(staying)):
                self._start_instance()
            # Platforms stop whichever they like: here those that were started last.
            for instance in staying[wanted:]:
                self._stop(instance)

    def _stop(self, instance: "Instance") -> None:
        instance.is_stopping = True
        for bell in list(instance.bells):
            if not bell.triggered:
                self._idle.remove(bell)
                bell.succeed()

    def _look(self, end: float) -> Process:
        while self.env.now < end:
            self.record.samples.append(
                Sample(
                    seconds=self.env.now,
                    waiting=self._count_waiting(),
                    running=self._running,
                    instances=len(self._instances),
                    ready=sum(one.is_ready for one in self._instances),
                )
            )
            yield self.env.timeout(1.0)


@dataclass(slots=True, eq=False)
class Instance:
    """A worker's machine or container."""

    is_ready: bool = False
    is_stopping: bool = False
    bells: list[simpy.Event] = field(default_factory=list)
