"""The audit says what it knows, what it found, and above all what it could not look up."""

import json
import re
from pathlib import Path

import pytest

from deploy.audit import HOLE, UNKNOWN, audit, write_bill
from tests.conftest import ROOT

FINE = {"name": "flask", "version": "3.1.3", "vulns": []}
OPEN = {
    "name": "pillow",
    "version": "1.0",
    "vulns": [{"id": "CVE-2026-1", "fix_versions": ["2.0"], "aliases": [], "description": ""}],
}
UNSEEN = {"name": "redis", "version": "8", "skip_reason": "Dependency not found on PyPI"}


def answer(*libraries: object) -> str:
    return json.dumps({"dependencies": libraries, "fixes": []})


def test_nothing_found_is_the_only_good_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(["web"], lambda _: answer(FINE)) == 0
    assert "1 libraries looked up, 0 with known holes" in capsys.readouterr().out


def test_a_hole_is_named_with_its_mending(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(["web"], lambda _: answer(FINE, OPEN, UNSEEN)) == HOLE
    assert "pillow 1.0: CVE-2026-1, mended in 2.0" in capsys.readouterr().out


def test_what_could_not_be_looked_up_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(["web"], lambda _: answer(FINE, UNSEEN)) == UNKNOWN
    assert "NOT AUDITED: 1 of 2" in capsys.readouterr().out


def test_a_service_out_of_reach_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(["web"], lambda _: "") == UNKNOWN
    assert "NOT AUDITED" in capsys.readouterr().out


def test_the_bill_names_every_pinned_library(tmp_path: Path) -> None:
    bill = json.loads(write_bill("web", tmp_path).read_text())
    assert bill["bomFormat"] == "CycloneDX"
    pinned = (ROOT / "requirements/web.txt").read_text()
    for component in bill["components"]:
        assert f"{component['name']}=={component['version']}" in pinned
    assert len(bill["components"]) == len(re.findall(r"^\S+==", pinned, re.MULTILINE))
