"""The command line: from pictures to a model with its card.

    python -m models.training prepare DATASET [FOLDER] [--add LABEL=FOLDER] [--csv FILE]
        [--video LABEL=FILE]       a dataset from folders, tables, videos and cameras
    python -m models.training fit DATASET              a model of your own pictures
    python -m models.training fit RECIPE --data FOLDER  a model by a recipe
    python -m models.training compare --data DATASET ARTEFACT PEER.toml ...
    python -m models.training import FILE --out FOLDER  a Keras file of another system

`fit` does all; `samples` (of recipes that make their own), `evaluate` and `export` are its steps
and keep what they made in the run folder, so that a run which was stopped goes on where it was.
`compose` draws samples of a recipe to look at. docs/training.md says more.
"""

import argparse
import os
import sys
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from models.errors import ModelError
from models.training.commands import compare, importing, preparing, training


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parse(arguments)
    run: Callable[[argparse.Namespace], None] = options.run_command
    try:
        run(options)
    except (ModelError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 1
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m models.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for part in (preparing, training, compare, importing):
        part.add_commands(commands)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
