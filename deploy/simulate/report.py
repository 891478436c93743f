"""Tables and plots of the runs, for docs/scaling.md."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from deploy.simulate.quota import Split
from deploy.simulate.runs import Run

FORMATS = ("svg", "png")
HEAD = (
    "| load | platform | sent | refused | turned away | replaced frames | p50 | p95 | p99 "
    "| most waiting | workers, mean (most) | web, mean (most) | $ a month, workers + web |"
)
CHOICES = (
    "| value | tried | burst p95 | lost | cameras p95 | replaced | mean workers | mean web "
    "| $ a month |"
)
QUOTA = "| instances | people | p50 | p95 | replaced | lost | most in hand of web | $ a month |"


def write_table(runs: Sequence[Run]) -> str:
    """Write one row a run; times are from the door to the answer."""
    lines = _begin(HEAD)
    for run in runs:
        found = run.summary
        cells = (
            run.trace.title,
            run.platform.rule.title,
            f"{found.sent:,}",
            f"{found.refused:,}",
            f"{found.turned_away:,}",
            f"{found.superseded:,}",
            tell_seconds(found.p50_seconds),
            tell_seconds(found.p95_seconds),
            tell_seconds(found.p99_seconds),
            f"{found.most_waiting:,}",
            f"{found.mean_instances:.1f} ({found.most_instances})",
            f"{found.mean_web:.1f} ({found.most_web})",
            f"{run.dollars_a_month:,.0f} + {run.web_dollars_a_month:,.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _begin(head: str) -> list[str]:
    return [head, "|" + "---|" * (head.count("|") - 1)]


def write_choices(
    tried: Iterable[tuple[str, float, list[Run]]], shipped: Callable[[str], float]
) -> str:
    """Write one row a tried value; the one that `shipped` tells for its name is in bold."""
    lines = _begin(CHOICES)
    for name, value, runs in tried:
        burst, cameras = (run.summary for run in runs)
        text = f"**{value:g}**" if shipped(name) == value else f"{value:g}"
        lost = burst.refused + burst.turned_away + cameras.refused + cameras.turned_away
        dollars = sum(run.dollars_a_month + run.web_dollars_a_month for run in runs) / len(runs)
        cells = (
            f"`{name}`",
            text,
            tell_seconds(burst.p95_seconds),
            f"{lost:,}",
            tell_seconds(cameras.p95_seconds),
            f"{cameras.superseded:,}",
            f"{(burst.mean_instances + cameras.mean_instances) / 2:.1f}",
            f"{(burst.mean_web + cameras.mean_web) / 2:.1f}",
            f"{dollars:,.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write_quota(tried: Iterable[tuple[Split, int, Run]]) -> str:
    """Write one row for each use of the quota and number of people."""
    lines = _begin(QUOTA)
    for split, people, run in tried:
        found = run.summary
        cells = (
            split.title,
            f"{people:,}",
            tell_seconds(found.p50_seconds),
            tell_seconds(found.p95_seconds),
            f"{found.superseded:,}",
            f"{found.refused + found.turned_away:,}",
            f"{max(one.requests for one in run.record.samples):,}",
            f"{run.dollars_a_month + run.web_dollars_a_month:,.0f}",
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
        figure, (came, waited, ran, served) = pyplot.subplots(
            4, 1, figsize=(8, 8), sharex=True, layout="constrained"
        )
        _draw_arrivals(came, of_load[0])
        for run in of_load:
            seconds = [one.seconds for one in run.record.samples]
            label = run.platform.rule.title
            waited.plot(seconds, [one.waiting for one in run.record.samples], label=label)
            ran.plot(seconds, [one.ready for one in run.record.samples], label=label)
            served.plot(seconds, [one.web_instances for one in run.record.samples], label=label)
        waited.set_ylabel("pictures waiting")
        ran.set_ylabel("workers ready")
        served.set_ylabel("web instances")
        served.set_xlabel("seconds")
        for axes in (ran, served):
            axes.set_ylim(bottom=0)
        waited.legend(frameon=False, fontsize="small")
        for axes in (came, waited, ran, served):
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
