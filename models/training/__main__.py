"""The command line: from a folder of pictures to a model with its card.

    python -m models.training fit RECIPE --data FOLDER [--run FOLDER] [--out FOLDER]

`fit` does all; `prepare`, `evaluate` and `export` are its steps and keep what they made in the run
folder, so that a run which was stopped goes on where it was. `compose` draws samples to look at.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from models.errors import ModelError
from models.training.recipes import Recipe, load_recipe


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parse(arguments)
    try:
        recipe = load_recipe(options.recipe)
        folder = options.run or Path("var") / "training" / recipe.name
        if options.command == "compose":
            _compose(recipe, options.data, options.out or folder / "samples.png")
        else:
            _train(options.command, recipe, options.data, folder, options.out, options.processes)
    except ModelError as error:
        print(f"training: {error}", file=sys.stderr)
        return 1
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m models.training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("compose", "draw samples as a contact sheet"),
        ("prepare", "make samples and activations"),
        ("evaluate", "fit a model a fold and measure it on what it never saw"),
        ("export", "fit on everything and write the artefact"),
        ("fit", "all of it"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("recipe", type=Path)
        command.add_argument("--data", type=Path, required=True, help="folder with the pictures")
        command.add_argument("--run", type=Path, help="where to keep what was made (var/training)")
        command.add_argument("--out", type=Path, help="where the artefact goes (RUN/artefact)")
        command.add_argument("--processes", type=int, default=0, help="0: one a core")
    return parser.parse_args(arguments)


def _compose(recipe: Recipe, data: Path, file: Path) -> None:
    from models.training.sheet import draw_sheet

    draw_sheet(recipe, data, file)


def _train(
    command: str, recipe: Recipe, data: Path, folder: Path, out: Path | None, processes: int
) -> None:
    from models.training.artefact import build_artefact
    from models.training.progress import say
    from models.training.report import set_operating_point, summarise
    from models.training.run import Run

    run = Run(recipe, data, folder, processes=processes)
    prepared = run.prepare()
    if command == "prepare":
        say(f"{recipe.name}: {len(prepared.trained.labels)} samples are in {folder}")
        return
    held = run.evaluate(prepared)
    run.keep(held)
    threshold, unsure = set_operating_point(held)
    found = summarise(held.labels, held.scores, threshold)
    say(f"{recipe.name}: held out, threshold {threshold}, unsure {unsure}: {found}")
    if command != "evaluate":
        target = out or folder / "artefact"
        build_artefact(run, prepared, held, target)
        say(f"{recipe.name}: the artefact is in {target}")


if __name__ == "__main__":
    sys.exit(main())
