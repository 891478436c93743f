"""Renews the documents that show what was measured: between their marks, and nothing else."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.bench.plots import draw_plots
from deploy.bench.report import sum_memory, write_goals, write_part, write_summary
from deploy.marks import replace_between


def publish(data: Mapping[str, Any], root: Path) -> None:
    """Renew docs/performance.md with its data and plots, and the table in README.md.

    Raises:
        StackError: a document has lost its marks.
    """
    page = root / "docs" / "performance.md"
    for name, part in data.items():
        replace_between(page, f"bench:{name}", write_part(name, part))
    (root / "docs" / "performance.json").write_text(json.dumps(data, indent=1) + "\n")
    draw_plots(data, root / "docs" / "img")
    if {"photos", "batches", "start"} <= set(data):
        replace_between(page, "bench:goals", write_goals(data))
        replace_between(root / "README.md", "cost", f"{write_summary(data)}\n\n{_tell_rest(data)}")


def _tell_rest(data: Mapping[str, Any]) -> str:
    start = data["start"]
    return (
        f"Everything together takes {sum_memory(start):.0f} MB of memory (PSS, two workers), and "
        f"{start['idle_percent_of_a_core']:.1f} % of a core while nothing is to do."
    )
