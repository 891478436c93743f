"""What a step of deploy/cloudbuild.yaml does when it is run, with a gcloud that only plays."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

IMAGES = ("web", "worker", "all-in-one")
# A scan is called as its image; the one in $BAD has a hole that can be mended, all have one that
# cannot.
GCLOUD = """#!/bin/sh
case "$*" in
    *"images scan"*) basename "$5" ;;
    *list-vulnerabilities*)
        printf 'CRITICAL\\tFalse\\nHIGH\\tTrue\\n'
        case "$5" in "$BAD":*) printf 'CRITICAL\\tTrue\\n' ;; esac ;;
esac
"""


def run_step(name: str, folder: Path, **environ: str) -> int:
    """Run a step's script as Cloud Build would hand it to bash."""
    build = yaml.safe_load((ROOT / "deploy/cloudbuild.yaml").read_text())
    step = next(one for one in build["steps"] if one["id"] == name)
    flags, script = step["args"]
    values = {**build["substitutions"], "PROJECT_ID": "mine", "_TAG": "0123456"}
    for key, value in values.items():
        script = script.replace(f"${key}", value)
    program = folder / "gcloud"
    program.write_text(GCLOUD)
    program.chmod(0o755)
    return subprocess.run(
        ["bash", flags, script.replace("$$", "$")],
        cwd=folder,
        env={"PATH": f"{folder}:/usr/bin:/bin", **environ},
        stdout=subprocess.DEVNULL,
        timeout=60,
        check=False,
    ).returncode


@pytest.mark.parametrize("image", IMAGES)
def test_a_hole_in_any_image_ends_the_build(image: str, tmp_path: Path) -> None:
    assert run_step("scan", tmp_path, BAD=image) == 1


def test_holes_that_nobody_has_mended_yet_do_not(tmp_path: Path) -> None:
    assert run_step("scan", tmp_path, BAD="none") == 0
