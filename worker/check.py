"""Check every artefact that a worker would load: `python -m worker.check [folder of artefacts]`.

For people and builds; a worker's children make the same checks as they start. A model file that
crashes its reader ends this process alone.
Exits with 0, or with 1 and one line on stderr that says which file and why.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from models.catalogue import ARTEFACTS_ROOT, Pipeline, load_pipelines
from models.errors import ModelError


def check_artefacts(pipelines: Mapping[str, Pipeline], root: Path) -> None:
    """Load every pipeline as a child would.

    Raises:
        ModelError: When an artefact must not be used; the text says which and why.
    """
    from models.classifiers.cascade import Cascade

    for pipeline in pipelines.values():
        Cascade.load(pipeline, root)


def main(arguments: list[str]) -> int:
    """Check, and say in one line what is wrong."""
    root = Path(arguments[0]) if arguments else ARTEFACTS_ROOT
    try:
        check_artefacts(load_pipelines(), root)
    except ModelError as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
