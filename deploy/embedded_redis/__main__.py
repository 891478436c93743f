"""Command line of the queue server: `python -m deploy.embedded_redis serve FOLDER`."""

import sys
from pathlib import Path

from deploy.embedded_redis.errors import QueueServerError
from deploy.embedded_redis.launch import become_server

USAGE = "usage: python -m deploy.embedded_redis serve FOLDER"


def main(arguments: list[str]) -> int:
    """Run one command; return the exit status."""
    match arguments:
        case ["serve", folder]:
            try:
                become_server(Path(folder))
            except QueueServerError as error:
                print(error, file=sys.stderr)
                return 1
        case _:
            print(USAGE, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
