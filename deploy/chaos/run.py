"""One run: calm, load with faults, drain, audit."""

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import psutil

from deploy.chaos.checker import check
from deploy.chaos.faults import PAUSE_SECONDS, Fault, plan_faults
from deploy.chaos.growth import Holding, measure
from deploy.chaos.history import History, read_history, read_job
from deploy.chaos.load import Load
from deploy.chaos.rollover import copy_models
from deploy.chaos.scene import Scene
from deploy.chaos.system import System
from deploy.chaos.verdict import Verdict
from deploy.errors import StackError

DRAIN_SECONDS = 60.0  # without any job being worked off
WARM_SECONDS = 8.0
PAGE = 100
LONGEST_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run. It ends after `seconds`, or before, once `jobs` were accepted (0: no matter)."""

    folder: Path
    environ: Mapping[str, str]
    seed: int
    seconds: float
    jobs: int = 0
    pause_seconds: float = PAUSE_SECONDS
    workers: int = 2
    durability: str = "strict"
    worker_module: str = "worker.app"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a run."""

    verdict: Verdict
    before: Holding
    after: Holding
    seconds: float


def run(plan: Plan, show: Callable[[str], None]) -> Result:
    """Run a plan; `show` gets a line about every second.

    Raises:
        StackError: the system does not start, or the folder is not empty.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    if any(plan.folder.iterdir()):
        raise StackError(f"{plan.folder} is not empty: older jobs would be in the books.")
    copy_models(plan.folder / "models")
    history = History(plan.folder / "history.jsonl")
    system = System(
        plan.folder,
        plan.environ,
        workers=plan.workers,
        durability=plan.durability,
        worker_module=plan.worker_module,
    )
    show("starting a Spotter")
    with system:
        warm_up(plan, system, history)
        before = measure(system)
        began = time.monotonic()
        load = Load(system.port, history, seed=plan.seed)
        load.start()
        try:
            break_things(plan, system, history, show)
        finally:
            load.stop()
        seconds = time.monotonic() - began
        show("waiting for the last jobs")
        await_rest(system)
        audit(system, history)
        after = measure(system)
    history.close()
    show("checking the history")
    verdict = check(read_history(history.path))
    return Result(verdict=verdict, before=before, after=after, seconds=seconds)


def warm_up(plan: Plan, system: System, history: History) -> None:
    """Let it work in peace for a moment: what it opens then it keeps, and that is no growth."""
    load = Load(system.port, history, seed=plan.seed + 1)
    load.start()
    time.sleep(WARM_SECONDS)
    load.stop()
    await_rest(system)


def break_things(plan: Plan, system: System, history: History, show: Callable[[str], None]) -> None:
    """Inject the planned faults, one after another, until time is up or jobs are enough."""
    began = time.monotonic()
    seconds = plan.seconds or LONGEST_SECONDS
    last = "none"

    def is_over() -> bool:
        return time.monotonic() - began >= seconds or 0 < plan.jobs <= history.accepted

    for pause, fault, seed in plan_faults(plan.seed, pause_seconds=plan.pause_seconds):
        until = time.monotonic() + pause
        while time.monotonic() < until and not is_over():
            show(
                f"{time.monotonic() - began:5.0f} s: {history.accepted} accepted, "
                f"{history.ended} ends seen, {history.refused} refused; last fault: {last}"
            )
            time.sleep(0.5)
        if is_over():
            return
        last = fault.__name__
        show(f"{time.monotonic() - began:.0f} s: {history.accepted} accepted; {last}")
        chance = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        inject(fault, Scene(system=system, history=history, chance=chance))


def inject(fault: Fault, scene: Scene) -> None:
    """Do one fault and write down when; one that cannot be done here is written down as such."""
    began, error = time.time(), ""
    try:
        fault(scene)
    except (OSError, psutil.Error) as reason:  # nobody is there to be harmed, or no right to do it
        error = str(reason)
    scene.history.note("fault", t0=began, t1=time.time(), name=fault.__name__, error=error)


def await_rest(system: System) -> None:
    """Wait until nothing waits or runs; what is left when nothing moves any more is lost."""
    end, calm, least = time.monotonic() + DRAIN_SECONDS, 0, math.inf
    while calm < 3 and time.monotonic() < end:
        state = system.read("/readyz")
        left = state["waiting"] + state["running"] if state and state["workers"] else math.inf
        calm = 0 if left else calm + 1
        if left < least:  # a slow machine may work off a burst for minutes
            least, end = left, time.monotonic() + DRAIN_SECONDS
        time.sleep(1.0)  # also for the ledger's counters, which follow within a second


def audit(system: System, history: History) -> None:
    """Look at every job that the system knows, and write its own books down."""
    history.note("audit", t=time.time())
    for job in list_jobs(system):
        history.note("observe", t=time.time(), picture=None, **read_job(job))
    metrics = system.read("/metrics") or ""
    history.note(
        "books",
        t=time.time(),
        accepted=_add_up(metrics, "spotter_jobs_accepted_total"),
        ended=_add_up(metrics, "spotter_jobs_ended_total"),
    )


def list_jobs(system: System) -> Iterator[dict[str, Any]]:
    """Yield every job of this caller's list, page by page."""
    path = f"/api/v1/jobs?limit={PAGE}"
    while path:
        page = system.read(path)
        if page is None:
            return
        yield from page["jobs"]
        path = page["links"]["next"]


def _add_up(metrics: str, name: str) -> int:
    found = re.findall(rf"^{name}(?:{{.*}})? ([\d.e+]+)$", metrics, re.MULTILINE)
    return int(sum(map(float, found)))
