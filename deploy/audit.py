"""`make audit`: known holes in what is installed, and bills of materials (CycloneDX).

    python -m deploy.audit

Asks PyPI's advisory service about every pinned library of web, worker and `make up`, and writes
var/sbom/<set>.cdx.json. Exit status 1: a library has a known hole. 2: not all could be looked up,
which pip-audit by itself passes over in silence.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from deploy.settings import ROOT

SETS = ("web", "worker", "up")
HOLE, UNKNOWN = 1, 2
_ANSWER_SECONDS = 15

Ask = Callable[[str], str]


def main() -> int:
    """Write the bills, look for holes; return the exit status."""
    folder = ROOT / "var" / "sbom"
    folder.mkdir(parents=True, exist_ok=True)
    for name in SETS:
        print(f"bill of materials: {write_bill(name, folder)}", flush=True)
    return audit(SETS, ask_service)


def write_bill(name: str, folder: Path) -> Path:
    """Write the bill of materials of one set of requirements; needs no network."""
    path = folder / f"{name}.cdx.json"
    command = ["-m", "cyclonedx_py", "requirements", "--output-reproducible", "--of", "JSON"]
    command += ["-o", str(path), str(ROOT / "requirements" / f"{name}.txt")]
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    return path


def ask_service(name: str) -> str:
    """Return what pip-audit says of one set, in JSON; empty where it could not ask at all."""
    command = ["-m", "pip_audit", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    command += ["--timeout", str(_ANSWER_SECONDS)]
    command += ["-r", str(ROOT / "requirements" / f"{name}.txt")]
    done = subprocess.run([sys.executable, *command], check=False, capture_output=True, text=True)
    return done.stdout


def audit(names: Iterable[str], ask: Ask) -> int:
    """Say what is known of each library; return the exit status."""
    libraries: dict[str, Mapping[str, Any]] = {}
    for name in names:
        text = ask(name)
        if not text.strip():
            print("NOT AUDITED: the advisory service of PyPI cannot be reached. Try again online.")
            return UNKNOWN
        libraries |= {one["name"]: one for one in json.loads(text)["dependencies"]}
    skipped = [one for one in libraries.values() if "skip_reason" in one]
    with_holes = [one for one in libraries.values() if one.get("vulns")]
    for one in with_holes:
        for hole in one["vulns"]:
            fixed = ", ".join(hole["fix_versions"]) or "no version yet"
            print(f"{one['name']} {one['version']}: {hole['id']}, mended in {fixed}")
    print(
        f"{len(libraries) - len(skipped)} libraries looked up, {len(with_holes)} with known holes"
    )
    if skipped:
        print(
            f"NOT AUDITED: {len(skipped)} of {len(libraries)} ({skipped[0]['skip_reason']}). Is "
            "the advisory service of PyPI reachable from here?"
        )
    return HOLE if with_holes else UNKNOWN if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
