"""Renews the documents that show what was measured: between their marks, and nothing else."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.bench.plots import draw_plots
from deploy.bench.report import sum_memory, write_goals, write_part, write_summary
from deploy.bench.system import BenchError


def publish(data: Mapping[str, Any], root: Path) -> None:
    """Renew docs/performance.md with its data and plots, and the table in README.md.

    Raises:
        BenchError: a document has lost its marks.
    """
    page = root / "docs" / "performance.md"
    for name, part in data.items():
        _replace(page, f"bench:{name}", write_part(name, part))
    (root / "docs" / "performance.json").write_text(json.dumps(data, indent=1) + "\n")
    draw_plots(data, root / "docs" / "img")
    if {"photos", "batches", "start"} <= set(data):
        _replace(page, "bench:goals", write_goals(data))
        _replace(root / "README.md", "cost", f"{write_summary(data)}\n\n{_tell_rest(data)}")


def _tell_rest(data: Mapping[str, Any]) -> str:
    start = data["start"]
    return (
        f"Everything together takes {sum_memory(start):.0f} MB of memory (PSS, two workers), and "
        f"{start['idle_percent_of_a_core']:.1f} % of a core while nothing is to do."
    )


def _replace(file: Path, mark: str, text: str) -> None:
    begin, end = f"<!-- {mark}:begin -->", f"<!-- {mark}:end -->"
    found = file.read_text()
    if begin not in found or end not in found:
        raise BenchError(f"{file} lacks the marks {begin} and {end}.")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    file.write_text(pattern.sub(lambda _: f"{begin}\n{text}\n{end}", found, count=1))
