"""`make chaos`: break a Spotter under load and tell whether it kept its promise.

    python -m deploy.chaos [--minutes 10] [--seed 1] [--jobs N] [--pause 9]
                           [--workers 2] [--durability strict|fast] [--worker MODULE]
                           [--folder DIR]

It starts a Spotter of its own on a free port. Ends with 0 if every accepted job has one end and
one answer, else with 1. The folder keeps the history (history.jsonl), the logs and the report.
"""

import argparse
import os
import secrets
import sys
import tempfile
import time
from pathlib import Path

from deploy.chaos.faults import PAUSE_SECONDS
from deploy.chaos.report import write_report
from deploy.chaos.run import Plan, run
from deploy.errors import StackError


def main(arguments: list[str]) -> int:
    """Run one plan; return the exit status."""
    plan = read_plan(arguments)
    print(f"seed {plan.seed}, {plan.worker_module}, everything is written to {plan.folder}")
    try:
        result = run(plan, Screen().show)
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    report = write_report(
        result.verdict, before=result.before, after=result.after, seconds=result.seconds
    )
    (plan.folder / "report.md").write_text(report + "\n", encoding="utf-8")
    print(f"\n\n{report}\n")
    kept = result.verdict.is_kept
    print("The promise was kept." if kept else "THE PROMISE WAS BROKEN.")
    return 0 if kept else 1


def read_plan(arguments: list[str]) -> Plan:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=None, help="how long (default 10)")
    parser.add_argument("--seed", type=int, default=None, help="repeats a plan of faults")
    parser.add_argument("--jobs", type=int, default=0, help="stop after so many accepted jobs")
    parser.add_argument("--pause", type=float, default=PAUSE_SECONDS, help="seconds a fault")
    parser.add_argument("--workers", type=int, default=2, help="pool children")
    parser.add_argument("--durability", choices=("strict", "fast"), default="strict")
    parser.add_argument("--worker", default="worker.app", help="the workers' Celery application")
    parser.add_argument("--folder", type=Path, default=None, help="where everything is written")
    given = parser.parse_args(arguments)
    minutes = given.minutes if given.minutes is not None else 0 if given.jobs else 10
    return Plan(
        folder=(given.folder or Path(tempfile.mkdtemp(prefix="spotter-chaos-"))).absolute(),
        environ=os.environ,
        seed=secrets.randbelow(10**6) if given.seed is None else given.seed,
        seconds=minutes * 60,
        jobs=given.jobs,
        pause_seconds=given.pause,
        workers=given.workers,
        durability=given.durability,
        worker_module=given.worker,
    )


class Screen:
    """Shows how it goes: on one line of a terminal, elsewhere a line every ten seconds."""

    def __init__(self) -> None:
        self._shown = 0.0

    def show(self, line: str) -> None:
        """Show a line; those that begin with a space replace one another."""
        if sys.stdout.isatty():
            print(f"\r\x1b[K{line}", end="", flush=True)
        elif not line.startswith(" ") or time.monotonic() - self._shown > 10:
            self._shown = time.monotonic()
            print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
