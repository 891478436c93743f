"""The limit that Spotter's cost is measured against: `python -m worker.bare MODELS PHOTO...`.

A bare loop, without web, queue or Celery: the bytes of a photo in memory, the same decoding, the
same models, one thread. `deploy.bench` starts one a core. Each line on stdin, a number of seconds,
is answered by one line of JSON; the end of stdin ends it.
"""

import json
import sys
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from time import perf_counter, process_time

from models.catalogue import load_pipelines
from models.classifiers.cascade import Cascade


def work(cascade: Cascade, photos: Sequence[bytes], seconds: float) -> dict[str, object]:
    """Classify one photo after another; return CPU seconds, ms of each, and how many stages ran."""
    milliseconds: list[float] = []
    stages = 0
    cpu_began, until = process_time(), perf_counter() + seconds
    for photo in cycle(photos):
        began = perf_counter()
        if began >= until and milliseconds:
            break
        stages += len(cascade.run(photo).stages)
        milliseconds.append(round((perf_counter() - began) * 1000, 3))
    cpu_seconds = process_time() - cpu_began
    return {"cpu_seconds": cpu_seconds, "milliseconds": milliseconds, "stages": stages}


def main(arguments: list[str]) -> int:
    """Load the first pipeline as a worker would and work whenever told to."""
    root, *paths = map(Path, arguments)
    cascade = Cascade.load(next(iter(load_pipelines().values())), root, golden=False)
    photos = [path.read_bytes() for path in paths]
    work(cascade, photos, 0.2)  # first runs are slower
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(work(cascade, photos, float(line))) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
