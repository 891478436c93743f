"""Nothing is ever unpickled: what comes out of Redis, a file or a request is JSON or bytes."""

import ast

import pytest

from tests.test_docs import ROOT, tracked

PACKAGES = ("deploy", "jobs", "models", "web", "worker")
FORBIDDEN = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
# Reads the weights that one public project ships as a pickle, through an unpickler that refuses
# every class but those of a list of tensors; for training alone.
CONFINED = {ROOT / "models" / "training" / "checkpoint.py"}
FILES = [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in PACKAGES]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_code_knows_a_format_that_runs_what_it_reads(package: str) -> None:
    found = []
    for path in FILES:
        if path.relative_to(ROOT).parts[0] != package or path in CONFINED:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                allowed = isinstance(node.value, ast.Constant) and node.value.value is False
                names = [] if allowed else ["pickle"]
            found += [f"{path}: {name}" for name in names if name.split(".")[0] in FORBIDDEN]
    assert found == []
