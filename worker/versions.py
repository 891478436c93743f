"""Choose the version of a model that workers use, and go back: `python -m worker.versions`.

    python -m worker.versions list
    python -m worker.versions promote MODEL VERSION
    python -m worker.versions rollback MODEL

`promote` first tries the version as a worker would (hash, manifest, golden inputs, labels of every
pipeline that asks the model), then has all running workers change to it between two pictures, and
waits until they did. Without `REDIS_URL` it means the Spotter that `make up` runs here. Reads
`SPOTTER_MODELS` as a worker does. Exits with 0, or with 1 and one line on stderr.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from jobs.console import open_ledger
from jobs.errors import JobsError
from jobs.ledger import Ledger
from jobs.versions import Versions
from models.catalogue import Pipeline, artefact_folder, load_pipelines, order_version
from models.errors import ModelError
from worker.settings import WorkerSettings

WAIT_SECONDS = 20.0  # loading takes a second or two, and a worker looks once a second


class Refused(Exception):
    """What was asked for cannot be done; the text says why."""


def main(arguments: list[str]) -> int:
    """Run one command."""
    options = _parse(arguments)
    try:
        root = WorkerSettings.from_env(os.environ, cores=1).models_root
        ledger = open_ledger(os.environ)
        versions = Versions(ledger.client)
        if options.command == "list":
            print(describe(ledger, versions, root))
        elif options.command == "promote":
            if not options.version:
                raise Refused(say_what_is_missing(options.model, root))
            promote(options.model, options.version, versions=versions, root=root)
            await_workers(options.model, options.version, ledger)
        else:
            await_workers(options.model, roll_back(options.model, versions), ledger)
    except (JobsError, ModelError, Refused) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


def promote(model: str, version: str, *, versions: Versions, root: Path) -> None:
    """Choose a version after trying it in every pipeline that asks the model.

    Raises:
        Refused: When no pipeline asks this model.
        ModelError: When the artefact must not be used, or does not fit a pipeline.
    """
    from models.classifiers.cascade import Cascade  # numpy and LiteRT: when they are needed

    pipelines = find_pipelines(model)
    folder = artefact_folder(model, version, root)
    if not folder.is_dir():
        raise Refused(
            f"{model} has no version {version}: expected the folder {folder}; "
            f"there are {', '.join(find_versions(model, root)) or 'none'}"
        )
    for pipeline in pipelines:
        Cascade.load(pipeline, root, {model: version})
    versions.choose(model, version)


def say_what_is_missing(model: str, root: Path) -> str:
    """Say that a version is to be named, and which there are.

    Raises:
        Refused: When no pipeline asks this model.
    """
    find_pipelines(model)
    found = ", ".join(find_versions(model, root)) or f"none in {root / model}"
    return f"VERSION is missing: say which version of {model} to use; there are {found}"


def roll_back(model: str, versions: Versions) -> str:
    """Undo the latest choice for a model and return the version that is used now.

    Raises:
        Refused: When no pipeline asks this model, or nothing was chosen.
    """
    own = own_version(model)
    if not versions.take_back(model):
        raise Refused(f"nothing was promoted for {model}: it runs at its pipeline's version {own}")
    return versions.chosen().get(model, own)


def await_workers(
    model: str,
    version: str,
    ledger: Ledger,
    *,
    seconds: float = WAIT_SECONDS,
    say: Callable[[str], None] = print,
) -> None:
    """Wait until every worker that is seen has this version.

    Raises:
        Refused: When one has not in time; the choice stands all the same.
    """
    end = time.monotonic() + seconds
    while True:
        workers = ledger.census().workers
        behind = [worker for worker in workers if worker.models.get(model) != version]
        if not workers:
            say(f"{model} {version} is chosen; no worker runs, the next ones start with it")
            return
        if not behind:
            say(f"{model} {version} is used by all {len(workers)} worker processes")
            return
        if time.monotonic() > end:
            names = ", ".join(f"{one.name} ({one.models.get(model, 'none')})" for one in behind)
            raise Refused(
                f"{model} {version} is chosen, and {len(behind)} of {len(workers)} worker "
                f"processes do not use it after {seconds:.0f} s: {names}. Their log says why "
                "(version_refused); `rollback` takes the choice back"
            )
        time.sleep(0.2)


def describe(ledger: Ledger, versions: Versions, root: Path) -> str:
    """Say for each model which versions there are, which is chosen, and which workers have."""
    chosen, workers = versions.chosen(), ledger.census().workers
    lines = []
    for model in sorted({stage.model for one in load_pipelines().values() for stage in one.stages}):
        loaded = [worker.models.get(model, "none") for worker in workers]
        uses = ", ".join(f"{loaded.count(one)} x {one}" for one in sorted(set(loaded)))
        before = [version or own_version(model) for version in versions.history(model)]
        lines.append(
            f"{model}: {chosen.get(model, own_version(model))} "
            f"({'promoted' if model in chosen else 'named by its pipeline'}); "
            f"versions here: {', '.join(find_versions(model, root)) or 'none'}; "
            f"worker processes: {uses or 'none'}"
            + (f"; before: {', '.join(before)}" if before else "")
        )
    return "\n".join(lines)


def find_pipelines(model: str) -> list[Pipeline]:
    """Return the pipelines that ask a model.

    Raises:
        Refused: When there is none.
    """
    pipelines = load_pipelines()
    found = [one for one in pipelines.values() if any(stage.model == model for stage in one.stages)]
    if not found:
        known = sorted({stage.model for one in pipelines.values() for stage in one.stages})
        raise Refused(f"no pipeline asks a model {model!r}; expected one of {', '.join(known)}")
    return found


def own_version(model: str) -> str:
    """Return the version of a model that its pipeline names.

    Raises:
        Refused: When no pipeline asks this model.
    """
    stages = (stage for pipeline in find_pipelines(model) for stage in pipeline.stages)
    return next(stage.version for stage in stages if stage.model == model)


def find_versions(model: str, root: Path) -> list[str]:
    """Name the versions of a model for which there is a folder with a manifest."""
    found = [path.parent.name for path in (root / model).glob("*/manifest.toml")]
    return sorted(found, key=order_version)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m worker.versions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="what there is and what is used")
    chosen = commands.add_parser("promote", help="use this version from now on")
    chosen.add_argument("model")
    # Not needed by the parser, so that `make promote MODEL=person` is told what there is to choose.
    chosen.add_argument("version", nargs="?")
    commands.add_parser("rollback", help="use the version before again").add_argument("model")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
