"""The commands `fit`, `evaluate`, `export`, `samples` and `compose`.

The first word decides: a recipe with `[network]` fits a network to a dataset, a recipe with a maker
makes its own samples (the shipped gate models), and a folder is fitted by the default recipe.
"""

import argparse
import dataclasses
import re
from pathlib import Path

from models.training.datasets.entries import MANIFEST_NAME
from models.training.datasets.gather import from_root
from models.training.datasets.prepare import Rules, prepare
from models.training.networks.recipe import DEFAULT, NetRecipe, is_net_recipe, load_net_recipe
from models.training.progress import say
from models.training.recipes import Recipe, RecipeError, load_recipe


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    for name, text in (
        ("fit", "train, measure and export: all of it"),
        ("evaluate", "train if need be, and measure on what training never saw"),
        ("export", "train and measure if need be, and write the artefact"),
        ("samples", "make the samples of a recipe with a maker"),
        ("compose", "draw samples of a recipe with a maker as a contact sheet"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("recipe", type=Path, help="a recipe, or a folder of pictures")
        command.add_argument("--data", type=Path, help="folder with the pictures")
        command.add_argument("--run", type=Path, help="where to keep what was made (var/training)")
        command.add_argument("--out", type=Path, help="where the artefact goes (RUN/artefact)")
        command.add_argument("--name", help="of the model, instead of the recipe's")
        command.add_argument("--version", help="of the model, instead of the recipe's")
        command.add_argument("--positive", help="of two labels the one that is asked for")
        command.add_argument("--processes", type=int, default=0, help="0: one a core")
        command.set_defaults(run_command=_train)


def _train(options: argparse.Namespace) -> None:
    if options.recipe.is_dir():
        options.data = options.data or options.recipe
        options.name = options.name or _name_model(options.recipe)
        _train_network(options, load_net_recipe(DEFAULT))
    elif options.data is None:
        raise RecipeError(f"{options.recipe}: name the pictures with --data FOLDER")
    elif is_net_recipe(options.recipe):
        _train_network(options, load_net_recipe(options.recipe))
    else:
        _train_maker(options, load_recipe(options.recipe))


def _name_model(folder: Path) -> str:
    """Make a model's name out of a folder's."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", folder.resolve().name).strip("_-") or "model"


def _train_network(options: argparse.Namespace, recipe: NetRecipe) -> None:
    if options.command in ("samples", "compose"):
        raise RecipeError(f"{options.command} is for recipes that make samples of their own")
    given = {"name": options.name, "version": options.version, "positive": options.positive}
    recipe = dataclasses.replace(recipe, **{key: one for key, one in given.items() if one})
    folder = options.run or Path("var") / "training" / recipe.name
    data = _open_dataset(options.data, folder)

    from models.training.networks.run import NetRun

    run = NetRun(recipe, data, folder)
    judged = run.evaluate()
    found = {key: judged.metrics.get(key) for key in ("pictures", "balanced_accuracy", "auc")}
    chosen = f", threshold {run.point.threshold}" if run.point.threshold else ""  # of two labels
    say(f"{recipe.name}: {judged.split}{chosen}: {found}")
    if options.command != "evaluate":
        target = options.out or folder / "artefact"
        run.export(target, judged)
        say(f"{recipe.name}: the artefact is in {target}")


def _open_dataset(data: Path, folder: Path) -> Path:
    """Return a dataset; plain folders of pictures are prepared first, in the run's folder."""
    if (data / MANIFEST_NAME).exists():
        return data
    say(f"{data} is no dataset yet: prepares it in {folder / 'dataset'}")
    report = prepare(folder / "dataset", from_root(data), Rules())
    for warning in report["warnings"]:
        say(f"careful: {warning}")
    return folder / "dataset"


def _train_maker(options: argparse.Namespace, recipe: Recipe) -> None:
    folder = options.run or Path("var") / "training" / recipe.name
    if options.command == "compose":
        from models.training.sheet import draw_sheet

        draw_sheet(recipe, options.data, options.out or folder / "samples.png")
        return

    from models.training.artefact import build_artefact
    from models.training.report import set_operating_point, summarise
    from models.training.run import Run

    run = Run(recipe, options.data, folder, processes=options.processes)
    prepared = run.prepare()
    if options.command == "samples":
        say(f"{recipe.name}: {len(prepared.trained.labels)} samples are in {folder}")
        return
    held = run.evaluate(prepared)
    run.keep(held)
    threshold, unsure = set_operating_point(held, recipe.aim)
    found = summarise(held.labels, held.scores, threshold)
    say(f"{recipe.name}: held out, threshold {threshold}, unsure {unsure}: {found}")
    if options.command != "evaluate":
        target = options.out or folder / "artefact"
        build_artefact(run, prepared, held, target)
        say(f"{recipe.name}: the artefact is in {target}")
