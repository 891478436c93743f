"""The verdict in lines for people; the tables of docs/promise.md are these."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from deploy.chaos.checker import LATE_SECONDS
from deploy.chaos.growth import Holding
from deploy.chaos.verdict import Verdict


def write_report(verdict: Verdict, *, before: Holding, after: Holding, seconds: float) -> str:
    """Write everything as Markdown tables."""
    return "\n".join(
        [
            *_tell_jobs(verdict, seconds),
            "",
            *_tell_faults(verdict),
            "",
            *_tell_growth(before, after),
            *([""] if verdict.named else []),
            *(f"- {line}" for line in verdict.named),
        ]
    )


def _tell_jobs(verdict: Verdict, seconds: float) -> Iterator[str]:
    states = _list(verdict.states, "{} {}")
    failures = _list(verdict.failures, "{} {}")
    refusals = _list(verdict.refusals, "{} x {}")
    unexplained = _list(verdict.unexplained, "{} x {}")
    versions = _list(verdict.sure_versions, "{} of version {}")
    times = " / ".join(f"{_take(verdict.seconds, share):.2f}" for share in (0.5, 0.99, 1.0))
    yield "| what | count |"
    yield "|---|---|"
    yield f"| accepted jobs | {verdict.accepted} in {seconds:.0f} s |"
    yield f"| **lost** | **{verdict.lost}** |"
    yield f"| **duplicated** | **{verdict.duplicated}** |"
    yield f"| **changed** | **{verdict.changed}** |"
    yield f"| **wrong** | **{verdict.wrong}** |"
    yield f"| late (over {LATE_SECONDS:g} s beyond the faults) | {verdict.late} |"
    yield f"| ends | {states} |"
    yield f"| failures by code | {failures} |"
    yield f"| jobs worked on more than once | {verdict.again} |"
    yield f"| refusals by code | {refusals} |"
    yield f"| of these, what no fault explains | {unexplained} |"
    yield f"| poisoned pictures that failed by their own reason | {verdict.poisons} |"
    yield f"| results that could be of one version only | {versions} |"
    yield f"| requests without an answer (web killed) | {verdict.unknown} |"
    yield f"| repeated requests that found their job | {verdict.replayed} |"
    yield f"| seconds from accept to end: median / 99 % / longest | {times} |"


def _list(counts: Counter[str], form: str) -> str:
    return ", ".join(form.format(count, name) for name, count in counts.most_common()) or "none"


def _take(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _tell_faults(verdict: Verdict) -> Iterator[str]:
    felt: defaultdict[str, list[float]] = defaultdict(list)
    for recovery in verdict.recoveries:
        felt[recovery.name].append(recovery.gap)
    yield "| fault | times | longest time in which no job was worked off, s: median / most |"
    yield "|---|---|---|"
    for name, values in sorted(felt.items()):
        yield (
            f"| {name.replace('_', ' ')} | {len(values)} "
            f"| {median(values):.1f} / {max(values):.1f} |"
        )
    for what, count in sorted(verdict.undone.items()):
        yield f"| {what.replace('_', ' ')} | {count} | could not be done here |"


def _tell_growth(before: Holding, after: Holding) -> Iterator[str]:
    yield "| held while idle | before | after |"
    yield "|---|---|---|"
    yield f"| processes | {before.processes} | {after.processes} |"
    yield f"| memory (PSS), MB | {before.pss_megabytes:.0f} | {after.pss_megabytes:.0f} |"
    kept = f"{before.queue_megabytes:.1f} | {after.queue_megabytes:.1f}"
    yield f"| of it data in the queue server (results), MB | {kept} |"
    yield f"| open files | {before.open_files} | {after.open_files} |"
    yield f"| connections to the queue server | {before.connections} | {after.connections} |"
