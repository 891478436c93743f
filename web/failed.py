"""Lists the jobs that failed last, of all owners, for who runs the system.

make failed         or   python -m web.failed [--most 20] [--json]
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence

from jobs.console import ConsoleError, open_ledger
from jobs.errors import JobsError
from jobs.ledger import Ledger
from jobs.retry import retry
from web.representations import format_time, represent_job

MOST_FAILED = 1000  # what the ledger remembers


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Print a line for each job; 0 when it was done, 1 when the queue cannot be asked."""
    parser = argparse.ArgumentParser(prog="python -m web.failed", description="Lists failed jobs.")
    parser.add_argument("--most", type=int, default=20, help="list at most so many (20)")
    parser.add_argument("--json", action="store_true", help="a JSON object for each line")
    parser.add_argument("--retry", metavar="ID", help="try this one again, or all")
    options = parser.parse_args(arguments)
    try:
        ledger = open_ledger(environ)
        if options.retry:
            return try_again(ledger, options.retry)
        jobs = ledger.failed(limit=max(1, options.most))
        kept = ledger.find_kept([job.id for job in jobs])
    except (ConsoleError, JobsError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    if not jobs:
        print("No job has failed.", file=sys.stderr)
    for job in jobs:
        if options.json:
            print(json.dumps(represent_job(job)))
            continue
        failure = job.failure
        what = f"{failure.code}: {failure.message}" if failure else ""
        mark = "+" if job.id in kept else " "
        print(f"{mark} {format_time(job.finished_ms)}  {job.id}  {job.pipeline}  {what}")
    return 0


def try_again(ledger: Ledger, wanted: str) -> int:
    """Make new jobs of the failed ones that are wanted and kept; 1 where there is none.

    Nothing is rung: the sweepers of the workers see within a second that jobs wait.
    """
    failed = ledger.failed(limit=MOST_FAILED)
    kept = ledger.find_kept([job.id for job in failed])
    jobs = [job for job in failed if job.id in kept and wanted in ("all", job.id)]
    for job in jobs:
        print(f"{job.id} -> {retry(ledger, job).id}")
    if not jobs:
        print("failed: there is no such job whose picture is still kept.", file=sys.stderr)
    return 0 if jobs else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
