"""A fault of releases: the version of a model changes under load, and changes back.

The second version is a copy of the first under another name: its answers are the same but for the
version that they name, which is what the checker looks at.
"""

import shutil
import time
import tomllib
from pathlib import Path

from deploy.chaos.scene import Scene
from deploy.settings import ROOT

MODEL = "person"
NEXT = "chaos"
# Long enough for many jobs that can only have been worked on by the new version.
HOLD_SECONDS = 12.0


def change_the_version(scene: Scene) -> None:
    """Promote the copy as an operator does, and roll back."""
    own = read_own_version()
    _change(scene, "promote", NEXT, "promote", MODEL, NEXT)
    time.sleep(HOLD_SECONDS)
    _change(scene, "roll back", own, "rollback", MODEL)
    time.sleep(HOLD_SECONDS)


def _change(scene: Scene, what: str, version: str, *command: str) -> None:
    began = time.time()
    # Its exit status 1 means that not every worker was seen to follow in time.
    sure = scene.system.run_module("worker.versions", *command) == 0
    scene.history.note(
        "version", t0=began, t1=time.time(), model=MODEL, version=version, sure=sure, what=what
    )


def copy_models(folder: Path) -> None:
    """Fill a folder with the models that the pipelines ask, and a second version of one."""
    for model, version in _read_stages():
        target = folder / model / version
        if not target.exists():
            shutil.copytree(ROOT / "models/artefacts" / model / version, target)
    own = read_own_version()
    shutil.copytree(folder / MODEL / own, folder / MODEL / NEXT)
    manifest = folder / MODEL / NEXT / "manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace(f'version = "{own}"', f'version = "{NEXT}"'), "utf-8")


def read_own_version() -> str:
    """Return the version of the model that its pipeline names."""
    return next(version for model, version in _read_stages() if model == MODEL)


def _read_stages() -> list[tuple[str, str]]:
    pipelines = tomllib.loads((ROOT / "models/pipelines.toml").read_text(encoding="utf-8"))
    return [
        (stage["model"], stage["version"])
        for pipeline in pipelines["pipeline"]
        for stage in pipeline["stage"]
    ]
