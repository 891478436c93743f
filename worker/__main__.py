"""Run a worker: `python -m worker`, from the project's folder; settings are in the environment.

SIGTERM and SIGINT end it within seconds and lose nothing. The same as `celery -A worker.app worker`
without Celery's command line, whose import alone takes as long as the rest of the worker's start.
"""

import argparse
import importlib
import sys


def main(arguments: list[str]) -> int:
    """Work until a signal comes; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m worker", description="Run a worker.")
    parser.add_argument("-A", "--app", default="worker.app", help="module of the application")
    parser.add_argument(
        "-E", "--task-events", action="store_true", help="send events, which Flower shows"
    )
    options = parser.parse_args(arguments)
    app = importlib.import_module(options.app).app
    # None: the configuration says whether events are sent.
    worker = app.Worker(task_events=options.task_events or None)
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
