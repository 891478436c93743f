"""The command `compare`: several models over one split of a dataset, in one table."""

import argparse
from pathlib import Path

from models.training.datasets.entries import DatasetError, Split, read_manifest


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `compare`."""
    command = commands.add_parser("compare", help="several models over one split, in one table")
    command.add_argument("models", type=Path, nargs="+", help="artefacts and peers (.toml)")
    command.add_argument("--data", type=Path, required=True, help="a dataset")
    command.add_argument("--split", choices=[str(split) for split in Split], default="test")
    command.add_argument("--label", action="append", default=[], metavar="THEIRS=OURS")
    command.add_argument("--positive", help="of two labels the one that is asked for")
    command.set_defaults(run_command=_compare)


def _compare(options: argparse.Namespace) -> None:
    from models.training.networks.batches import open_parts
    from models.training.networks.comparison import compare, format_lines, open_contestant

    renamed = dict(text.split("=", 1) for text in options.label if "=" in text)
    found = {entry.label for entry in read_manifest(options.data)}
    if options.positive and options.positive not in found:
        raise DatasetError(f"--positive is {options.positive!r}; expected one of {sorted(found)}")
    names = tuple(sorted(found, key=lambda name: (name == options.positive, name)))
    part = open_parts(options.data, names)[Split(options.split)]
    contestants = [open_contestant(path, renamed) for path in options.models]
    print(format_lines(compare(contestants, part, names)))
