"""The command `import`: takes a Keras file of another system over as an artefact."""

import argparse
from pathlib import Path

from models.training.legacy.preprocessing import FORMS, Preprocessing


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `import`."""
    command = commands.add_parser("import", help="turn a Keras file of another system into a model")
    command.add_argument("file", type=Path, help=".h5 or .keras, or a Teachable Machine folder")
    command.add_argument("--out", type=Path, required=True, help="folder of the artefact")
    command.add_argument("--name", required=True)
    command.add_argument("--version", default="1")
    command.add_argument("--title", help="the question that it answers")
    command.add_argument("--labels", help="in the order of the outputs, between commas")
    command.add_argument(
        "--form", choices=[*FORMS], help="how pictures were prepared; else told by the file"
    )
    command.add_argument("--threshold", type=float, default=0.5)
    command.set_defaults(run_command=_import)


def _import(options: argparse.Namespace) -> None:
    from models.training.legacy.importer import import_model
    from models.training.progress import say

    labels = tuple(one.strip() for one in options.labels.split(",")) if options.labels else ()
    form: Preprocessing | None = FORMS[options.form] if options.form else None
    manifest = import_model(
        options.file,
        options.out,
        name=options.name,
        version=options.version,
        title=options.title or options.name,
        labels=labels,
        form=form,
        threshold=options.threshold,
    )
    say(
        f"{manifest.name} {manifest.version}: {', '.join(manifest.labels)}; "
        f"{manifest.provenance['kind']}; the artefact is in {options.out}"
    )
