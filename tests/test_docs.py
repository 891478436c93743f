"""The documents say what the code does: settings, links, commands."""

import re
import subprocess
from pathlib import Path

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
