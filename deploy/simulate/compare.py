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
SEED = 20261127  # earlier comparisons had 20261124 and 20261126: see docs/scaling.md
# Two calibrations of one machine differ by so much, and a queue near its limit by far more.
UNSURE = 0.05


TEMPLATE = """\
# What a picture costs, in seconds: how long a child is busy with it, processor time of web and the
# queue server, the doorbell of an idle child, web's telling about an ended job, and the measuring
# clients. [calm] is of pictures that find an idle child, [flood] of pictures behind others. Both
# are measured with one worker by `python -m deploy.simulate calibrate`; nothing there is typed.
# {about}
[calm]
{calm}bell_seconds = {bell:.5f}
tell_seconds = {tell:.5f}

[flood]
{flood}
"""
COSTS = """\
service_seconds = [{service}]
web_seconds = {found.web_seconds:.5f}
ledger_seconds = {found.ledger_seconds:.5f}
client_seconds = {found.client_seconds:.5f}
"""
# Calm, a picture finds an idle child; in a flood there is one after the other.
CALM_RATE, FLOOD_RATE, FLOOD_SECONDS = 8.0, 45.0, 8.0


def make_traces(system: System) -> dict[str, Trace]:
    """Make the loads, by what one worker on its own can do: calm, busy for one, a burst."""
    most = 1 / system.calm.mean_service_seconds
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


def calibrate(folder: Path, environ: Mapping[str, str], assumed: str) -> str:
    """Measure one worker, calm and in a flood, and return the text of `system.toml`.

    `assumed` is what the file has below what is measured.
    """
    calm = make_steady(CALM_RATE, SECONDS, SEED + 3)
    flood = make_steady(FLOOD_RATE, FLOOD_SECONDS, SEED + 4)
    found = [
        measure(trace, workers=1, folder=folder / str(place), environ=environ)
        for place, trace in enumerate((calm, flood))
    ]
    return write_system(*found) + assumed


def write_system(calm: Measured, flood: Measured) -> str:
    """Turn two measurements into the file of numbers.

    Of the times until a job was leased, calm, the shorter half are those of jobs that found an idle
    child: their middle is the doorbell's.
    """
    machine = describe_machine()
    about = (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, load "
        f"{machine['load']}, Python {machine['python']}, {calm.jobs} and {flood.jobs} pictures of "
        "640x480, both stages"
    )
    return TEMPLATE.format(
        about=about,
        calm=_write_costs(calm),
        flood=_write_costs(flood),
        bell=find_percentile(sorted(calm.waiting_seconds), 25),
        tell=calm.tell_seconds,
    )


def _write_costs(found: Measured) -> str:
    """Write the costs; twenty pictures stand for all, the middle of each twentieth."""
    busy = sorted(found.busy_seconds)
    picked = [busy[int((place + 0.5) * len(busy) / 20)] for place in range(20)]
    return COSTS.format(service=", ".join(f"{one:.4f}" for one in picked), found=found)


def predict(system: System) -> dict[str, Any]:
    """Run every load with every number of workers in the simulation.

    Each is run with costs that are a little lower and higher as well: `p95_between`.
    """
    runs = {}
    for name, trace in make_traces(system).items():
        for workers in WORKERS:
            told: dict[str, Any] = simulate(system, trace, workers)
            told["p95_between"] = [
                simulate(system.scale(1 + change), trace, workers)["p95_seconds"]
                for change in (-UNSURE, UNSURE)
            ]
            runs[f"{name}-{workers}"] = told
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
        SimulationError: nothing was predicted, or something else.
    """
    traces = make_traces(read_system())
    check_prediction(traces)
    runs = {}
    for name, trace in traces.items():
        for workers in WORKERS:
            found = measure(
                trace, workers=workers, folder=folder / f"{name}-{workers}", environ=environ
            )
            runs[f"{name}-{workers}"] = {
                key: round(value, 5) for key, value in found.as_dict().items()
            }
            say(f"{name}, {workers} workers: {runs[f'{name}-{workers}']}")
    return {"at": _now(), "machine": describe_machine(), "runs": runs}


def check_prediction(traces: Mapping[str, Trace], path: Path = PREDICTION) -> None:
    """Hold a prediction to the loads and the cores that are to be measured.

    Raises:
        SimulationError: it is missing, or of other numbers.
    """
    told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"runs": {}}
    expected = {
        f"{name}-{workers}": len(trace.arrivals)
        for name, trace in traces.items()
        for workers in WORKERS
    }
    found = {name: run["jobs"] for name, run in told["runs"].items()}
    if found != expected or told["cores"] != count_cores():
        raise SimulationError(
            f"{path.name} is missing or of other numbers or cores: run "
            "`python -m deploy.simulate predict` and commit what it writes first"
        )


def write_table(prediction: Mapping[str, Any], measured: Mapping[str, Any]) -> str:
    """Set both side by side; what is not in `measured` has not been measured yet."""
    lines = [
        "| load | workers | pictures | p50 predicted | measured "
        "| p95 predicted (between) | measured |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, told in prediction["runs"].items():
        load, _, workers = name.partition("-")
        seen = measured.get("runs", {}).get(name, {})
        low, high = (1000 * one for one in told["p95_between"])
        cells = (
            load,
            workers,
            str(told["jobs"]),
            _tell(told["p50_seconds"]),
            _tell(seen.get("p50_seconds")),
            f"{_tell(told['p95_seconds'])} ({low:.0f} to {high:.0f})",
            _tell(seen.get("p95_seconds")),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _tell(seconds: float | None) -> str:
    return "not yet" if seconds is None else f"{1000 * seconds:.0f} ms"


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file that reads well in a diff."""
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
