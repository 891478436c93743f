"""The simulation's command line: `python -m deploy.simulate COMMAND`.

    calibrate   measure a picture's costs with one worker on this machine, into system.toml
    predict     simulate one, two and four workers on this machine, into prediction.json; to be
                committed before `verify`
    verify      measure the same, into measured.json, and print both side by side
    run         simulate every load under every platform's rule

The last three renew docs/scaling.md, run with its plots. calibrate and verify want an idle machine:
about one minute and five.
"""

import argparse
import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from deploy.bench.system import BenchError
from deploy.errors import StackError
from deploy.marks import replace_between
from deploy.settings import ROOT
from deploy.simulate import compare
from deploy.simulate.past import write_needs, write_offers
from deploy.simulate.platforms import read_platforms
from deploy.simulate.quota import run_quota
from deploy.simulate.report import draw, write_choices, write_quota, write_table
from deploy.simulate.runs import read_value, run_all, try_values
from deploy.simulate.system import (
    FILE,
    SimulationError,
    read_assumed,
    read_start_seconds,
    read_system,
)

PAGE = ROOT / "docs" / "scaling.md"
PAST_RATES = (100.0, 1000.0, 10_000.0)


def main(arguments: list[str]) -> int:
    """Run one command; 1 where something did not do what it should."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.simulate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=("calibrate", "predict", "verify", "run"))
    command = parser.parse_args(arguments).command
    try:
        with tempfile.TemporaryDirectory() as name:
            print(_run(command, Path(name)))
    except (SimulationError, BenchError, StackError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(command: str, folder: Path) -> str:
    if command == "calibrate":
        assumed = read_assumed()
        text = compare.calibrate(folder, os.environ, assumed)
        FILE.write_text(text, encoding="utf-8")
        return text
    if command == "predict":
        prediction = compare.predict(read_system())
        compare.save(compare.PREDICTION, prediction)
        compare.MEASURED.unlink(missing_ok=True)  # what was measured was of another prediction
        table = compare.write_table(prediction, {})
        replace_between(PAGE, "compare", table)
        return table
    return _compare(folder) if command == "verify" else _simulate_all()


def _compare(folder: Path) -> str:
    measured = compare.verify(folder, os.environ, print)
    compare.save(compare.MEASURED, measured)
    prediction = json.loads(compare.PREDICTION.read_text(encoding="utf-8"))
    table = compare.write_table(prediction, measured)
    replace_between(PAGE, "compare", table)
    return table


def _simulate_all() -> str:
    system = read_system()
    platforms = read_platforms(start_seconds=read_start_seconds())
    runs = run_all(system, platforms)
    draw([one for one in runs if one.trace.name != "steady"], ROOT / "docs" / "img")
    first = platforms[0]
    tables = {
        "runs": write_table(runs),
        "choices": write_choices(try_values(system, first), partial(read_value, first)),
        "quota": write_quota(run_quota(system, platforms[2])),
        "past": write_needs(system, first, PAST_RATES),
        "offers": write_offers(system, PAST_RATES[-1]),
    }
    for name, table in tables.items():
        replace_between(PAGE, name, table)
    return "\n".join(tables.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
