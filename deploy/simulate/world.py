"""The simulated Spotter: web, ledger, and worker instances that come and go.

Built on SimPy's event loop. Follows the real one in what decides about waiting: web's places and
its processor (front.py), who is refused and in which order jobs are handed out (ledger.py), a
worker that ends with the picture in hand. Leaves out what does not: crashes, fair shares between
owners of bulk work, the size of pictures.
"""

from collections import Counter, deque
from collections.abc import Generator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import simpy

from deploy.simulate.fleet import Fleet, Instance, Process
from deploy.simulate.front import Front, WebPlace
from deploy.simulate.ledger import Job, Ledger
from deploy.simulate.scaling import Rule, Seen
from deploy.simulate.system import Costs, System
from deploy.simulate.traces import Arrival, Trace

# How long no child may have been idle until a picture costs what it costs in a flood: between the
# mean stretch of work at four fifths of the load, where costs are those of calm, and a burst's.
FLOOD_AFTER_SECONDS = 0.5
SLICE_SECONDS = 0.002  # how long a process keeps a core that others want, too


@dataclass(slots=True, kw_only=True)
class Sample:
    """How things stood at one second. Instances that start or stop are counted: they cost."""

    seconds: float
    waiting: int
    running: int
    instances: int
    ready: int
    requests: int = 0  # in hand of web or before its door
    web_instances: int = 0
    web_active: int = 0  # with a request in hand


@dataclass(slots=True, kw_only=True)
class Record:
    """What happened in a run. `refused` by reason; `turned_away` by the platform, before web."""

    jobs: list[Job] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    turned_away: int = 0
    samples: list[Sample] = field(default_factory=list)  # one a second


class World:
    """One run of one trace under one rule for the workers, and one for web.

    `web` None: one process that takes all there is. `cores`: how many processor cores all processes
    share (a laptop); None: each worker child and each web process has a core of its own (a cloud).
    """

    def __init__(
        self,
        system: System,
        rule: Rule,
        *,
        children: int,
        seed: int,
        cores: int | None = None,
        web: WebPlace | None = None,
    ) -> None:
        self.env = simpy.Environment()
        self.record = Record()
        self.ledger = Ledger(system)
        self._system = system
        self._children = children
        self._random = Random(seed)  # noqa: S311  no secret
        self._cores = simpy.Resource(self.env, cores) if cores else None
        self._redis = simpy.Resource(self.env, 1)  # it works with one thread
        self._idle: deque[simpy.Event] = deque()
        self._idle_at = 0.0  # when a child was idle last
        self._busy_seconds = self._busy_before = 0.0
        self._front = Front(self.env, web, ready_seconds=system.web_ready_seconds) if web else None
        self._workers = Fleet(
            self.env,
            rule,
            ready_seconds=system.worker_ready_seconds,
            live=self._live,
            stop=self._stop,
            look=self._look,
        )

    def run(self, trace: Trace, *, drain_seconds: float = 600.0) -> Record:
        """Let the trace come in, and go on until it is worked off, `drain_seconds` at most."""
        self.env.process(self._send(trace))
        self.env.process(self._take_samples())
        self.env.run(until=trace.seconds)
        end = trace.seconds + drain_seconds
        while self._count_open() and self.env.now < end:
            self.env.run(until=min(end, self.env.now + 1.0))
        return self.record

    def _count_open(self) -> int:
        requests = self._front.requests if self._front else 0
        return self.ledger.waiting + self.ledger.running + requests

    def _send(self, trace: Trace) -> Process:
        for arrival in trace.arrivals:
            yield self.env.timeout(max(0.0, arrival.seconds - self.env.now))
            self.env.process(self._ask(arrival))

    def _ask(self, arrival: Arrival) -> Process:
        """Send one picture and hold the request until its answer."""
        job = Job(
            arrived=self.env.now,
            camera=arrival.camera,
            owner=arrival.owner,
            waits=arrival.waits,
            bulk=arrival.bulk,
        )
        if self._front is None:
            yield from self._take_in(job, None)
            return
        place = yield from self._front.enter()
        if place is None:
            self.record.turned_away += 1
            return
        answered = self.env.event()
        job.on_end = answered.succeed
        if (yield from self._take_in(job, place)):
            yield answered  # a page whose half minute is over asks again at once
        self._front.leave(place)

    def _take_in(self, job: Job, place: Instance | None) -> Generator[Any, Any, bool]:
        """Do what web does with one picture; False: it is refused."""
        costs = self._costs
        if place is not None and self._front is not None:
            yield from self._front.spend(place, costs.web_seconds + self._system.tell_seconds)
        else:
            own = costs.client_seconds if self._cores else 0.0
            yield from self._burn(costs.web_seconds + own)
        with self._redis.request() as turn:
            yield turn
            yield from self._burn(costs.ledger_seconds)
        children = len(self._workers.ready) * self._children
        refusal = self.ledger.take(job, self.env.now, children=children)
        if refusal:
            self.record.refused[refusal] += 1
            return False
        self.record.jobs.append(job)
        if self._idle:
            self._idle.popleft().succeed()
        return True

    @property
    def _costs(self) -> Costs:
        """What a picture costs now: less where nobody was idle for a while."""
        flooded = not self._idle and self.env.now - self._idle_at >= FLOOD_AFTER_SECONDS
        return self._system.flood if flooded else self._system.calm

    def _live(self, instance: Instance) -> Process:
        children = [self.env.process(self._work(instance)) for _ in range(self._children)]
        yield self.env.all_of(children)

    def _work(self, instance: Instance) -> Process:
        """Do what one pool child does until its instance is told to stop."""
        while not instance.is_stopping:
            job = self.ledger.lease(self.env.now)
            if job is None:
                yield from self._await_bell(instance)
                continue
            cost = self._random.choice(self._costs.service_seconds)
            yield from self._burn(cost)
            self._busy_seconds += cost
            self.ledger.finish(job, self.env.now)
        if self.ledger.waiting and self._idle:
            self._idle.popleft().succeed()  # a bell that we heard, and leave to another

    def _await_bell(self, instance: Instance) -> Process:
        bell = self.env.event()
        self._idle.append(bell)
        instance.bells.append(bell)
        yield bell
        instance.bells.remove(bell)
        self._idle_at = self.env.now
        yield self.env.timeout(self._system.bell_seconds)

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

    def _look(self) -> Seen:
        """Tell what a rule for the workers may see."""
        spent = self._busy_seconds - self._busy_before
        self._busy_before = self._busy_seconds
        cores = max(1, len(self._workers.ready)) * self._children
        return Seen(
            interactive=len(self.ledger.interactive),
            bulk=len(self.ledger.bulk),
            running=self.ledger.running,
            busy_share=min(1.0, spent / (cores * self._workers.rule.poll_seconds)),
        )

    def _stop(self, instance: Instance) -> None:
        for bell in list(instance.bells):
            if not bell.triggered:
                self._idle.remove(bell)
                bell.succeed()

    def _take_samples(self) -> Process:
        while True:
            web = self._front.fleet.instances if self._front else []
            self.record.samples.append(
                Sample(
                    seconds=self.env.now,
                    waiting=self.ledger.waiting,
                    running=self.ledger.running,
                    instances=len(self._workers.instances),
                    ready=sum(one.is_ready for one in self._workers.instances),
                    requests=self._front.requests if self._front else 0,
                    web_instances=len(web),
                    web_active=sum(one.in_hand > 0 for one in web),
                )
            )
            yield self.env.timeout(1.0)
