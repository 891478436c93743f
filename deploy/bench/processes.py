"""What a tree of processes has used, from /proc: CPU time and memory."""

import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat behind the command's name (man 5 proc_pid_stat): the parent, then user
# and system time of the process itself and of its children that have ended.
PARENT, TIMES = 1, slice(11, 15)


def find_tree(root: int) -> list[int]:
    """Return the ids of a process and everything that it has started, as far as it lives."""
    children: dict[int, list[int]] = {}
    for process, fields in _read_all():
        children.setdefault(int(fields[PARENT]), []).append(process)
    tree = [root]
    for process in tree:
        tree += children.get(process, ())
    return tree


def read_cpu_seconds(root: int) -> float:
    """Return the user and system time of the whole tree, with that of processes which ended."""
    tree = set(find_tree(root))
    ticks = sum(sum(map(int, fields[TIMES])) for process, fields in _read_all() if process in tree)
    return ticks / TICKS_A_SECOND


def read_pss_megabytes(root: int) -> dict[str, float]:
    """Return the proportional set size of each process of the tree, by its command and id."""
    sizes = {}
    for process in find_tree(root):
        lines = (PROC / str(process) / "smaps_rollup").read_text().splitlines()
        kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        sizes[f"{_read_command(process)} ({process})"] = kilobytes * 1024 / 1e6
    return sizes


def _read_all() -> Iterator[tuple[int, list[str]]]:
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            yield int(folder.name), text.rpartition(")")[2].split()


def _read_command(process: int) -> str:
    words = (PROC / str(process) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    return " ".join(Path(words[0]).name.split() + words[1:4]).strip()[:60]
