"""The doctor's command line."""

import json
import subprocess
import sys
from pathlib import Path

from deploy.doctor.project import ROOT


def call_doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.doctor", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_sound_files_end_with_0_and_one_line() -> None:
    done = call_doctor()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("rules, no findings\n")
    assert done.stdout.count("\n") == 1


def test_a_mistake_ends_with_1_and_says_where_what_why_and_how(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text("runtime: custom\nenv: standard\n")
    done = call_doctor(str(tmp_path))
    assert done.returncode == 1
    assert (
        "app.yaml:2: env is standard, and must be flex  [gae-environment]\n    why " in done.stdout
    )
    assert "\n    mend Write env: flex" in done.stdout


def test_programs_get_json(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text("runtime: custom\nenv: standard\n")
    findings = json.loads(call_doctor("--json", str(tmp_path)).stdout)
    found = next(finding for finding in findings if finding["rule"] == "gae-environment")
    assert (found["file"], found["line"]) == ("app.yaml", 2)
    assert set(found) == {"file", "line", "rule", "what", "why", "how"}
