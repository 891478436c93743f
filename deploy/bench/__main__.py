"""`make bench`: measure what Spotter costs, print tables, and write data and plots.

What is measured is kept in var/bench/performance.json, part by part.

    python -m deploy.bench                   all parts: about twelve minutes on an idle machine
    python -m deploy.bench photos start      two of them; the others stay as they were measured
    python -m deploy.bench --publish         and renew README.md, docs/performance.md, its plots
    python -m deploy.bench none --publish    renew them with what was measured last
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from deploy.bench.machine import describe_machine
from deploy.bench.parts import FULL, PARTS, SHORT, Bench
from deploy.bench.publishing import publish
from deploy.bench.report import write_report
from deploy.bench.system import BenchError, clean_environment
from deploy.errors import StackError
from deploy.settings import ROOT

NONE = "none"


def main(arguments: list[str]) -> int:
    """Measure the parts that are named; return 1 where something did not do what it should."""
    options = _parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "performance.json"
    data: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=options.out))
    try:
        for name in _choose(options.parts):
            print(f"measuring: {name}", flush=True)
            place = folder / name
            place.mkdir()
            bench = Bench(
                folder=place,
                environment=clean_environment(os.environ),
                extent=SHORT if options.short else FULL,
                say=lambda line: print(line, flush=True),
            )
            data[name] = {**PARTS[name](bench), "machine": describe_machine()}
            file.write_text(json.dumps(data, indent=1) + "\n")
    except (BenchError, StackError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(write_report(data))
    if options.publish:
        publish(data, ROOT)
    return 0


def _choose(named: list[str]) -> list[str]:
    return [] if named == [NONE] else named or list(PARTS)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--short", action="store_true", help="only to see that it runs")
    parser.add_argument("--publish", action="store_true", help="renew the documents")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "bench", help="for the data")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - {*PARTS, NONE}:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; parts are {', '.join(PARTS)}")
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
