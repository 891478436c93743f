"""docs/api.md lists every code and every call."""

import json
import re
from pathlib import Path

from jobs.records import FAILURES
from web.openapi import describe_api
from web.problems import PROBLEMS
from web.views.reference import METHODS

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def test_every_code_has_its_row_with_what_to_do() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+) \| (.+) \|$", TEXT, re.MULTILINE)
    assert sorted(rows) == sorted(
        (str(kind.status), kind.code, kind.title, kind.advice) for kind in PROBLEMS.values()
    )


def test_every_code_of_a_failed_job_is_named() -> None:
    assert [code for code in FAILURES if f"`{code}`" not in TEXT] == []


def test_every_call_is_named() -> None:
    for path, item in describe_api()["paths"].items():
        for method in METHODS:
            if method in item:
                short = path.removeprefix("/api/v1")
                call = re.sub(r"{\w+}", "{id}", f"{method.upper()} {short}")
                assert f"`{call}`" in TEXT or f"`{short}`" in TEXT, call


def test_its_json_examples_are_json() -> None:
    for example in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL):
        json.loads(example)


def test_its_python_example_compiles() -> None:
    [example] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    compile(example, "docs/api.md", "exec")
