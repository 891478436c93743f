"""Lists the jobs that failed last, of all owners, for who runs the system.

make failed         or   python -m web.failed [--most 20] [--json]
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence

from jobs.console import ConsoleError, open_ledger
from jobs.errors import LedgerUnavailable
from web.representations import format_time, represent_job


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Print a line for each job; 0 when it was done, 1 when the queue cannot be asked."""
    parser = argparse.ArgumentParser(prog="python -m web.failed", description="Lists failed jobs.")
    parser.add_argument("--most", type=int, default=20, help="list at most so many (20)")
    parser.add_argument("--json", action="store_true", help="a JSON object for each line")
    options = parser.parse_args(arguments)
    try:
        jobs = open_ledger(environ).failed(limit=max(1, options.most))
    except (ConsoleError, LedgerUnavailable) as error:
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
        print(f"{format_time(job.finished_ms)}  {job.id}  {job.pipeline}  {what}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
