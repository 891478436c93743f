"""Says on what a measurement was made."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def describe_machine() -> dict[str, str]:
    """Name processor, cores, versions, date and how busy the machine was."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": _read_processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "python": platform.python_version(),
        "litert": version("ai-edge-litert"),
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def _read_processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
