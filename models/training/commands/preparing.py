"""The command `prepare`: builds a dataset or adds to it."""

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

from models.training.datasets.download import Downloader
from models.training.datasets.entries import DatasetError, Split
from models.training.datasets.gather import (
    Candidate,
    Video,
    from_folder,
    from_root,
    from_table,
    from_video,
)
from models.training.datasets.prepare import Rules, prepare
from models.training.progress import say


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `prepare`."""
    command = commands.add_parser("prepare", help="build a dataset, or add pictures to it")
    command.add_argument("dataset", type=Path, help="folder of the dataset")
    command.add_argument("folder", type=Path, nargs="?", help="has a subfolder for each label")
    command.add_argument("--add", action="append", default=[], metavar="LABEL=FOLDER")
    command.add_argument("--csv", action="append", default=[], type=Path, metavar="FILE")
    command.add_argument("--video", action="append", default=[], metavar="LABEL=FILE")
    command.add_argument(
        "--by-prefix", action="store_true", help="a file's name up to its first _ is its group"
    )
    command.add_argument("--every", type=float, default=1.0, help="seconds between two frames")
    command.add_argument("--most", type=int, default=500, help="frames of a video")
    command.add_argument("--seconds", type=float, default=3600, help="how long to watch a camera")
    command.add_argument("--pause", type=float, default=1.0, help="seconds between downloads")
    command.add_argument("--smallest", type=int, default=64, help="pixels of the shorter side")
    command.add_argument("--near", type=int, default=4, help="bits that copies differ in; -1: all")
    command.add_argument("--alike", type=int, default=8, help="bits that like pictures differ in")
    command.add_argument("--shares", default="70,15,15", help="train, validation, test")
    command.add_argument("--seed", type=int, default=0)
    command.set_defaults(run_command=_prepare)


def _prepare(options: argparse.Namespace) -> None:
    rules = Rules(
        smallest=options.smallest,
        near=options.near,
        alike=options.alike,
        shares=_read_shares(options.shares),
        seed=options.seed,
    )
    report = prepare(options.dataset, _gather(options), rules)
    for label, counts in report["labels"].items():
        parts = ", ".join(f"{counts[split]} {split}" for split in Split)
        say(f"{label}: {parts}; {counts['groups']} groups")
    for reason, count in report["dropped"].items():
        say(f"dropped {count}: {reason}")
    for warning in report["warnings"]:
        say(f"careful: {warning}")
    say(f"{options.dataset}: {report['pictures']} pictures, {report['new']} of them new")


def _gather(options: argparse.Namespace) -> Iterator[Candidate]:
    downloader = Downloader(folder=options.dataset / "downloads", pause_seconds=options.pause)
    videos = [
        Video(
            label=label,
            source=source,
            every_seconds=options.every,
            most=options.most,
            seconds=options.seconds,
        )
        for label, source in map(_split, options.video)
    ]
    sources = [
        *([from_root(options.folder, by_prefix=options.by_prefix)] if options.folder else []),
        *(
            from_folder(label, Path(path), by_prefix=options.by_prefix)
            for label, path in map(_split, options.add)
        ),
        *(from_table(table, downloader) for table in options.csv),
        *(from_video(video) for video in videos),
    ]
    if not sources:
        raise DatasetError("nothing to prepare: name a folder, --add, --csv or --video")
    return itertools.chain.from_iterable(sources)


def _split(text: str) -> tuple[str, str]:
    label, mark, source = text.partition("=")
    if not (label and mark and source):
        raise DatasetError(f"{text!r}: expected LABEL=SOURCE")
    return label, source


def _read_shares(text: str) -> dict[Split, float]:
    try:
        shares = [float(part) for part in text.split(",")]
        total = sum(shares)
        if len(shares) != 3 or min(shares) < 0 or not shares[0] > 0:
            raise ValueError(text)
    except ValueError as error:
        raise DatasetError(f"--shares is {text!r}: expected three numbers, 70,15,15 say") from error
    return dict(zip(Split, (share / total for share in shares), strict=True))
