"""Tables and plots of the runs, for docs/scaling.md."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from deploy.simulate.runs import Run

FORMATS = ("svg", "png")
HEAD = (
    "| load | platform | sent | refused | replaced frames | p50 | p95 | p99 | most waiting "
    "| instances, mean (most) | $ a month |"
)


def write_table(runs: Sequence[Run]) -> str:
    """Write one row a run; times are from the door to the answer."""
    lines = [HEAD, "|" + "---|" * (HEAD.count("|") - 1)]
    for run in runs:
        found = run.summary
        cells = (
            run.trace.title,
            run.platform.rule.title,
            f"{found.sent:,}",
            f"{found.refused:,}",
            f"{found.superseded:,}",
            tell_seconds(found.p50_seconds),
            tell_seconds(found.p95_seconds),
            tell_seconds(found.p99_seconds),
            f"{found.most_waiting:,}",
            f"{found.mean_instances:.1f} ({found.most_instances})",
            f"{run.dollars_a_month:,.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write_choices(tried: Iterable[tuple[str, float, list[Run]]], shipped: Any) -> str:
    """Write one row a tried value; the one that is shipped is in bold."""
    lines = [
        "| value | tried | burst p95 | refused | cameras p95 | replaced | mean instances |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, value, runs in tried:
        burst, cameras = (run.summary for run in runs)
        text = f"**{value:g}**" if getattr(shipped, name) == value else f"{value:g}"
        mean = (burst.mean_instances + cameras.mean_instances) / 2
        cells = (
            f"`{name}`",
            text,
            tell_seconds(burst.p95_seconds),
            f"{burst.refused:,}",
            tell_seconds(cameras.p95_seconds),
            f"{cameras.superseded:,}",
            f"{mean:.1f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def tell_seconds(seconds: float) -> str:
    """Write a time as people read it."""
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def draw(runs: Sequence[Run], folder: Path) -> list[Path]:
    """Draw one plot a load: what came, waited and ran over time, a line a platform."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "spotter"  # the same plot is the same file
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in dict.fromkeys(run.trace.name for run in runs):
        of_load = [run for run in runs if run.trace.name == name]
        figure, (came, waited, ran) = pyplot.subplots(
            3, 1, figsize=(8, 6.4), sharex=True, layout="constrained"
        )
        _draw_arrivals(came, of_load[0])
        for run in of_load:
            seconds = [one.seconds for one in run.record.samples]
            label = run.platform.rule.title
            waited.plot(seconds, [one.waiting for one in run.record.samples], label=label)
            ran.plot(seconds, [one.ready for one in run.record.samples], label=label)
        waited.set_ylabel("pictures waiting")
        ran.set_ylabel("instances ready")
        ran.set_xlabel("seconds")
        ran.set_ylim(bottom=0)
        waited.legend(frameon=False, fontsize="small")
        for axes in (came, waited, ran):
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(alpha=0.25)
        for kind in FORMATS:
            path = folder / f"scaling-{name}.{kind}"
            figure.savefig(path, dpi=110, metadata={"Date": None} if kind == "svg" else None)
            paths.append(path)
        pyplot.close(figure)
    return paths


def _draw_arrivals(axes: Any, run: Run) -> None:
    width = max(1.0, run.trace.seconds / 200)
    counts = [0] * (int(run.trace.seconds / width) + 1)
    for arrival in run.trace.arrivals:
        counts[int(arrival.seconds / width)] += 1
    axes.step(
        [place * width for place in range(len(counts))],
        [count / width for count in counts],
        where="post",
        color="0.35",
    )
    axes.set_ylabel("photos a second")
    axes.set_title(run.trace.title, loc="left", fontsize="medium")
    axes.set_ylim(bottom=0)
