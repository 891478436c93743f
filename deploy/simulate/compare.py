"""The proof of the simulation: calibrate with one worker, predict two and four, measure.

`prediction.json` is written before anything with two or four workers has run, and committed;
`measured.json` comes after. All on one machine whose cores the processes share, so that four
workers on two cores are no faster than two: that, too, is to be predicted.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.bench.machine import describe_machine
from deploy.bench.system import count_cores
from deploy.simulate.calibrate import Measured, measure
from deploy.simulate.scaling import Rule
from deploy.simulate.summary import find_percentile
from deploy.simulate.system import SimulationError, System, read_system
from deploy.simulate.traces import Trace, make_burst, make_steady
from deploy.simulate.world import World

HERE = Path(__file__).parent
PREDICTION, MEASURED = HERE / "prediction.json", HERE / "measured.json"
WORKERS = (1, 2, 4)
SECONDS = 20.0
SEED = 20261126  # the first comparison had 20261124: see docs/scaling.md


TEMPLATE = """\
# What a picture costs, in seconds: how long a child is busy with it, processor time of web and the
# queue server, the doorbell of an idle child, and the measuring clients. [measured] is written by
# `python -m deploy.simulate calibrate` on an idle machine; nothing there is typed.
# {about}
[measured]
service_seconds = [{service}]
web_seconds = {found.web_seconds:.5f}
ledger_seconds = {found.ledger_seconds:.5f}
bell_seconds = {bell:.5f}
client_seconds = {found.client_seconds:.5f}

# From a container's start to ready: docs/verified.md.
[assumed]
worker_ready_seconds = 3.0
web_ready_seconds = 2.0

# What a platform adds from its decision until a container starts: pulling the image, a way into the
# network, a place on a node, a virtual machine. Not measured: from their documents and from what
# others report.
[platform_start]
cloud_run = 12.0
kubernetes = 8.0
app_engine = 180.0

# As the code has them.
[limits]
max_waiting = 2000
bulk_turn = 8
interactive_per_owner = 4
"""


def make_traces(system: System) -> dict[str, Trace]:
    """Make the loads, by what one worker on its own can do: calm, busy for one, a burst."""
    most = 1 / system.mean_service_seconds
    traces = {
        "calm": make_steady(0.4 * most, SECONDS, SEED),
        "busy": make_steady(0.8 * most, SECONDS, SEED + 1),
        "burst": make_burst(0.2 * most, SECONDS, SEED + 2, factor=10, begin=5, length=8),
    }
    return {name: _from_one_owner(trace) for name, trace in traces.items()}


def _from_one_owner(trace: Trace) -> Trace:
    """Let all come from one, as the measuring clients do."""
    arrivals = tuple(replace(one, owner="local") for one in trace.arrivals)
    return replace(trace, arrivals=arrivals)


def calibrate(folder: Path, environ: Mapping[str, str]) -> str:
    """Measure one worker at a calm load and return the text of `system.toml`."""
    trace = make_steady(8.0, SECONDS, SEED + 3)
    found = measure(trace, workers=1, folder=folder, environ=environ)
    return write_system(found)


def write_system(found: Measured) -> str:
    """Turn a measurement into the file of numbers.

    Twenty pictures stand for all, the middle of each twentieth. Of the times until a job was leased
    the shorter half are those of jobs that found an idle child: their middle is the doorbell's.
    """
    busy = sorted(found.busy_seconds)
    picked = [busy[int((place + 0.5) * len(busy) / 20)] for place in range(20)]
    bell = find_percentile(sorted(found.waiting_seconds), 25)
    machine = describe_machine()
    about = (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, "
        f"Python {machine['python']}, {found.jobs} pictures of 640x480, both stages"
    )
    return TEMPLATE.format(
        about=about,
        service=", ".join(f"{one:.4f}" for one in picked),
        bell=bell,
        found=found,
    )


def predict(system: System) -> dict[str, Any]:
    """Run every load with every number of workers in the simulation."""
    runs = {}
    for name, trace in make_traces(system).items():
        for workers in WORKERS:
            runs[f"{name}-{workers}"] = simulate(system, trace, workers)
    return {"at": _now(), "cores": count_cores(), "runs": runs}


def simulate(system: System, trace: Trace, workers: int) -> dict[str, float]:
    """Run one load with a fixed number of workers that share this machine's cores."""
    rule = Rule(
        name="fixed",
        title="",
        least=1,
        most=1,
        poll_seconds=60.0,
        start_seconds=0,
        running_target=1,
    )
    world = World(system, rule, children=workers, seed=SEED, cores=count_cores())
    jobs = world.run(trace).jobs
    times = sorted(job.ended - job.accepted for job in jobs if job.ended is not None)
    return {
        "jobs": len(times),
        "p50_seconds": round(find_percentile(times, 50), 4),
        "p95_seconds": round(find_percentile(times, 95), 4),
    }


def verify(folder: Path, environ: Mapping[str, str], say: Callable[[str], None]) -> dict[str, Any]:
    """Measure what was predicted, with the same arrivals.

    Raises:
        SimulationError: nothing was predicted.
    """
    if not PREDICTION.exists():
        raise SimulationError(
            "nothing was predicted: run `python -m deploy.simulate predict` first"
        )
    runs = {}
    for name, trace in make_traces(read_system()).items():
        for workers in WORKERS:
            found = measure(
                trace, workers=workers, folder=folder / f"{name}-{workers}", environ=environ
            )
            runs[f"{name}-{workers}"] = {
                key: round(value, 5) for key, value in found.as_dict().items()
            }
            say(f"{name}, {workers} workers: {runs[f'{name}-{workers}']}")
    return {"at": _now(), "machine": describe_machine(), "runs": runs}


def write_table(prediction: Mapping[str, Any], measured: Mapping[str, Any]) -> str:
    """Set both side by side."""
    lines = [
        "| load | workers | pictures | p50 predicted | measured | p95 predicted | measured |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, told in prediction["runs"].items():
        load, _, workers = name.partition("-")
        seen = measured["runs"][name]
        cells = [
            f"{1000 * run[key]:.0f} ms"
            for key in ("p50_seconds", "p95_seconds")
            for run in (told, seen)
        ]
        lines.append(f"| {load} | {workers} | {seen['jobs']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file that reads well in a diff."""
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
