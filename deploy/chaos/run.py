"""One run: calm, load with faults, drain, audit."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from deploy.chaos.checker import Verdict, check
from deploy.chaos.faults import PAUSE_SECONDS, plan_faults
from deploy.chaos.growth import Holding, measure
from deploy.chaos.history import History, read_history, read_job
from deploy.chaos.load import Load
from deploy.chaos.system import System
from deploy.errors import StackError

DRAIN_SECONDS = 120.0
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
    planned = plan_faults(plan.seed, seconds, pause_seconds=plan.pause_seconds)
    last = "none"
    while (passed := time.monotonic() - began) < seconds:
        if plan.jobs and history.accepted >= plan.jobs:
            return
        show(
            f"{passed:5.0f} s: {history.accepted} accepted, {history.ended} ends seen, "
            f"{history.refused} refused; last fault: {last}"
        )
        if planned and passed >= planned[0][0]:
            _, fault, seed = planned.pop(0)
            last = fault.__name__
            t0 = time.time()
            fault(system, Random(seed))  # noqa: S311 - to be repeated, not to be secret
            history.note("fault", t0=t0, t1=time.time(), name=last)
        else:
            time.sleep(0.5)


def await_rest(system: System) -> None:
    """Wait until nothing waits or runs, at most `DRAIN_SECONDS`; what is left then is lost."""
    end = time.monotonic() + DRAIN_SECONDS
    calm = 0
    while calm < 3 and time.monotonic() < end:
        state = system.read("/readyz")
        at_rest = state and state["workers"] and not (state["waiting"] or state["running"])
        calm = calm + 1 if at_rest else 0
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
