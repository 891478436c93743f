"""Command line of the queue server.

    python -m deploy.embedded_redis serve FOLDER     become the server configured in FOLDER
    python -m deploy.embedded_redis repair FOLDER    cut the damaged end of its append-only file

FOLDER is the folder `queue` of the data folder, or for repair the data folder itself.
"""

import sys
from pathlib import Path

from deploy.embedded_redis.errors import QueueServerError
from deploy.embedded_redis.launch import become_server
from deploy.embedded_redis.repair import repair

USAGE = "usage: python -m deploy.embedded_redis serve|repair FOLDER"


def main(arguments: list[str]) -> int:
    """Run one command; return the exit status."""
    try:
        match arguments:
            case ["serve", folder]:
                become_server(Path(folder))
            case ["repair", folder]:
                print(_repair(Path(folder)))
                return 0
    except QueueServerError as error:
        print(error, file=sys.stderr)
        return 1
    print(USAGE, file=sys.stderr)
    return 2


def _repair(folder: Path) -> str:
    queue = folder / "queue"
    done = repair((queue if queue.is_dir() else folder).absolute())
    kept = f"The files as they were are in {done.copy}."
    if not done.bytes_cut:
        return f"{done.file} is sound ({done.bytes_before} bytes), nothing was cut. {kept}"
    return f"{done.file}: cut {done.bytes_cut} of {done.bytes_before} bytes at the end. {kept}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
