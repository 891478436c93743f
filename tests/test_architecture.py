"""The house keeps its shape: who may import whom, what loads what, who reads the environment."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("deploy", "jobs", "models", "web", "worker")
HEAVY = ("numpy", "ai_edge_litert", "tensorflow", "keras", "skimage", "worker")


def tracked(*patterns: str) -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_imports_follow_the_contracts() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a fresh Python has loaded after the statement."""
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    environ = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SPOTTER_SECRET": "s" * 64,
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_web_process_loads_nothing_heavy() -> None:
    loaded = loaded_by("import web.wsgi")
    assert {name for name in loaded if name.split(".")[0] in HEAVY} == set()
    assert not any(name.startswith("models.classifiers") for name in loaded)


@pytest.mark.parametrize("entry", ["web.wsgi", "worker.app"])
def test_what_only_an_observer_needs_is_not_loaded(entry: str) -> None:
    loaded = loaded_by(f"import {entry}")
    assert [n for n in loaded if n.startswith(("opentelemetry.", "prometheus_client"))] == []


def test_only_entry_points_read_the_environment() -> None:
    # The list of entry points is in pyproject.toml; ruff's rule does not see aliases.
    readers = {
        str(path.relative_to(ROOT))
        for path in tracked("*.py")
        if path.relative_to(ROOT).parts[0] in PACKAGES
        and re.search(r"\bos\.(environ|getenv)\b|from os import .*\benviron\b", path.read_text())
    }
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--select", "TID251", *PACKAGES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert all(Path(name).stem in ENTRY_POINTS for name in readers), readers


ENTRY_POINTS = (
    *("__main__", "up", "chromium", "gunicorn.conf", "sitecustomize"),
    *("wsgi", "app", "probe", "versions", "doctor", "keys", "failed"),
)


@pytest.mark.parametrize(
    "path", tracked("*/__init__.py"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_package_imports_nothing_by_itself(path: Path) -> None:
    imports = (ast.Import, ast.ImportFrom)
    assert [
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, imports)
    ] == []


def test_no_file_names_a_package_registry_or_loads_from_elsewhere() -> None:
    registries = re.compile(r"(?:pythonhosted|pypi)\.org|registry\.npmjs|deb\.debian\.org")
    texts = [path for path in tracked() if path.suffix not in (".png", ".jpg", ".tflite", ".webp")]
    naming = [
        str(path.relative_to(ROOT))
        for path in texts
        if path != Path(__file__) and registries.search(path.read_text(errors="replace"))
    ]
    assert naming == []


def test_requirements_are_pinned_with_hashes_and_name_no_index() -> None:
    for path in tracked("requirements/*.txt"):
        text = path.read_text()
        assert "--index" not in text
        assert "://" not in text
        pins = re.findall(r"^[a-z0-9.-]+==", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^[a-z0-9].*\\$", text, re.MULTILINE)), path.name


def test_the_sets_agree_on_every_version() -> None:
    pins: dict[str, set[str]] = {}
    for path in tracked("requirements/*.txt"):
        for name, version in re.findall(
            r"^([a-z0-9.-]+)==(\S+) \\$", path.read_text(), re.MULTILINE
        ):
            pins.setdefault(name, set()).add(version)
    assert {name: versions for name, versions in pins.items() if len(versions) > 1} == {}
