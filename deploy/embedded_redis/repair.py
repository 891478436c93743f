"""Cuts the damaged end off the queue's append-only file, after a copy of everything.

A power cut may leave zeros at the end of the file that was being written; the server then refuses
to start. What was cut had not been acknowledged under SPOTTER_DURABILITY=strict.
"""

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded_redis.binary import find_binary
from deploy.embedded_redis.errors import QueueServerError
from deploy.embedded_redis.launch import check_unlocked


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What was done to which file, where the copy of the old files lies."""

    file: Path
    bytes_before: int
    bytes_cut: int
    copy: Path


def repair(folder: Path) -> Repair:
    """Copy the append-only files in `folder`, then cut what the server cannot read.

    Raises:
        AlreadyRunning: when the server runs.
        QueueServerError: when there is nothing to repair, or when more than the end of the newest
            file is damaged; the files are then as they were.
    """
    files = folder / "appendonlydir"
    newest = max(files.glob("*.incr.aof"), key=_read_sequence, default=None)
    if newest is None:
        raise QueueServerError(f"There is no append-only file in {files}: nothing to repair.")
    check_unlocked(folder / "lock")
    copy = folder / f"appendonlydir-{time.strftime('%Y%m%d-%H%M%S')}"
    shutil.copytree(files, copy)
    before = newest.stat().st_size
    binary = find_binary()
    # The server's program is its own check tool when it is called by that tool's name.
    done = subprocess.run(
        [binary.path.name.replace("server", "check-aof"), "--fix", newest.name],
        executable=binary.path,
        cwd=files,
        input="y\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise QueueServerError(
            f"{newest} could not be repaired: {said[-1] if said else done.returncode}. "
            f"Restore it from a backup; the files as they were are in {copy}."
        )
    cut = before - newest.stat().st_size
    return Repair(file=newest, bytes_before=before, bytes_cut=cut, copy=copy)


def _read_sequence(file: Path) -> int:
    # appendonly.aof.12.incr.aof
    number = file.name.split(".")[-3]
    return int(number) if number.isdigit() else -1
