"""Says in one line what the queue server's log means."""

import sys
from collections.abc import Sequence
from pathlib import Path

# (what the log says, what to tell); the first that fits the latest line wins. {folder} is the
# folder of the queue's files, {line} the line itself, {python} the one that has our libraries.
_MEANINGS = (
    ("No space left on device", "The disk of {folder} is full. Accepted jobs are kept; free space and the queue starts again."),
    ("Write error writing append only file", "The disk of {folder} is full. Accepted jobs are kept; free space and the queue starts again."),
    ("Short write while writing to the AOF file", "The disk of {folder} is full. Accepted jobs are kept; free space and the queue starts again."),
    ("Can't recover from AOF write error", "The disk of {folder} is full. Accepted jobs are kept; free space and the queue starts again."),
    ("Bad file format reading the append only file", "A queue file in {folder} has a damaged end. Run `{python} -m deploy.embedded_redis repair {folder}`: it copies the file, cuts the damaged end and says how much was cut."),
    ("Unable to obtain the AOF file", "A queue file is missing in {folder}; restore it from a backup. Nothing was changed."),
    ("unix socket path too long", "The path of the data folder is too long. Set SPOTTER_DATA to a shorter one."),
    ("Permission denied", "{folder} is not writable for this user."),
    ("FATAL CONFIG FILE ERROR", "The queue server refuses the configuration that Spotter wrote, which is a mistake of ours: {line}"),
    ("Aborting Valkey startup because of ACL errors", "The queue server refuses the users that Spotter wrote, which is a mistake of ours: {line}"),
    ("Aborting Redis startup because of ACL errors", "The queue server refuses the users that Spotter wrote, which is a mistake of ours: {line}"),
)  # fmt: skip


def explain(lines: Sequence[str], folder: Path) -> str:
    """Return one line for the user from the last lines of the server's log.

    Where no line is known the last one is returned as it is.
    """
    for line in reversed(lines):
        for sign, meaning in _MEANINGS:
            if sign in line:
                return meaning.format(folder=folder, line=line.strip(), python=sys.executable)
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
