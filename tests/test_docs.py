"""The documents say what the code does: settings, links, commands."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
SETTING = re.compile(r"""["'](SPOTTER_[A-Z_]+|REDIS_URL|PORT|WORKERS)["']""")


def tracked(*patterns: str) -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in names.split("\0") if name]


def settings_in_code() -> set[str]:
    files = [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] != "tests"]
    return {name for path in files for name in SETTING.findall(path.read_text())}


def settings_in_readme() -> set[str]:
    return set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))


def write_models_block() -> str:
    """The README's table of models, out of the numbers that training measured."""
    rows = [
        "| model | judged on | balanced accuracy | AUC | positives found | negatives right |",
        "|---|---|---|---|---|---|",
    ]
    person = read_metrics("person")
    rows.append(write_row("person", "photos of sources it never saw", person["held_out"]["photos"]))
    for peer, found in person["peers"].items():
        rows.append(write_row(f"{peer} (a public peer)", "the same photos", found))
    cameras = person["held_out"]["photos_of"]["gate"]
    rows.append(write_row("person", "frames of fixed cameras, of clips it never saw", cameras))
    rider = read_metrics("zomato_rider")["held_out"]
    rows.append(write_row("zomato_rider", "real photos it never saw", rider["photos"]))
    rows.append(write_row("zomato_rider", "composites of parts it never saw", rider["made"]))
    return "\n".join(rows) + "\n"


def read_metrics(model: str) -> dict[str, Any]:
    pipelines = tomllib.loads((ROOT / "models/pipelines.toml").read_text())["pipeline"]
    stages = [stage for pipeline in pipelines for stage in pipeline["stage"]]
    version = next(stage["version"] for stage in stages if stage["model"] == model)
    path = ROOT / "models/artefacts" / model / version / "metrics.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def write_row(model: str, what: str, found: dict[str, Any]) -> str:
    def tell(name: str) -> str:
        number = found[name]
        return f"{number['value']:.1%} [{number['low']:.1%}, {number['high']:.1%}]"

    counts = f"{found['positive']} / {found['negative']}"
    return (
        f"| {model} | {counts} {what} | {tell('balanced_accuracy')} | {found['auc']['value']:.3f} "
        f"| {found['recall_positive']['value']:.1%} | {found['recall_negative']['value']:.1%} |"
    )


def test_the_readme_tells_the_models_numbers_as_they_were_measured() -> None:
    block = re.search(r"<!-- models:begin -->\n(.*?)\n?<!-- models:end -->", README, re.DOTALL)
    assert block is not None
    assert write_models_block() in block[1] + "\n", "`python tests/test_docs.py` writes them"


def test_every_setting_has_a_row_in_the_readme() -> None:
    assert settings_in_code() - settings_in_readme() == set()


def test_the_readme_names_no_setting_that_the_code_does_not_know() -> None:
    assert settings_in_readme() - settings_in_code() == set()


@pytest.mark.parametrize("document", tracked("*.md"), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_inside_the_project_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|/)([^)#\s]+)", document.read_text())
    missing = [target for target in targets if not (document.parent / target).exists()]
    assert missing == []


def test_every_make_command_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    commands = set(re.findall(r"\bmake ([a-z][a-z-]*)", README))
    missing = {name for name in commands if not re.search(rf"^{name}:", makefile, re.MULTILINE)}
    assert {"up", "test"} <= commands
    assert missing == set()


if __name__ == "__main__":
    sys.stdout.write(write_models_block())
