"""A folder of artefacts with a further version of a model, to promote."""

import shutil
from pathlib import Path

from models.catalogue import ARTEFACTS_ROOT, load_pipelines


def copy_artefacts(folder: Path) -> Path:
    """Copy what the pipelines ask, each model at its own version."""
    for pipeline in load_pipelines().values():
        for stage in pipeline.stages:
            path = Path(stage.model, stage.version)
            if not (folder / path).exists():
                shutil.copytree(ARTEFACTS_ROOT / path, folder / path)
    return folder


def add_version(folder: Path, model: str, version: str) -> Path:
    """Add a version that answers as the model's own does; its folder."""
    own = next(
        stage.version
        for pipeline in load_pipelines().values()
        for stage in pipeline.stages
        if stage.model == model
    )
    made = folder / model / version
    shutil.copytree(folder / model / own, made)
    manifest = made / "manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace(f'version = "{own}"', f'version = "{version}"'), "utf-8")
    return made
