"""What each `appendfsync` keeps when the queue server is killed, and what it costs.

    python -m deploy.chaos.durability [--rounds 10] [--writers 16] [--folder DIR]

Writers send transactions like those of an accepted job (20 KB of picture, a hash, a sorted set) and
remember which were acknowledged. The server is killed with SIGKILL in the middle, started again and
asked for each of them. Rounds take turns, half of them while another process keeps the disk busy.
`everysec`, which Spotter does not offer, is measured as well: the table says why.
"""

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.chaos.losses import Tally, Writers, count_missing, served
from deploy.embedded_redis.files import remove_socket_folder, write_files

POLICIES = ("always", "everysec", "no")
BUSY = (
    "import os,sys\n"
    "while True:\n"
    "    with open(sys.argv[1], 'wb') as file:\n"
    "        for _ in range(4):\n"
    "            file.write(bytes(4_000_000)); file.flush(); os.fsync(file.fileno())\n"
)


@dataclass(slots=True, kw_only=True)
class TimedTally(Tally):
    """With what the policy cost."""

    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0


def main(arguments: Sequence[str]) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m deploy.chaos.durability")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--folder", type=Path, default=None)
    given = parser.parse_args(arguments)
    folder = given.folder or Path(tempfile.mkdtemp(prefix="spotter-durability-"))
    tallies = {(policy, busy): TimedTally() for policy in POLICIES for busy in (False, True)}
    for number in range(given.rounds):
        for (policy, busy), tally in tallies.items():
            run_round(folder / f"{policy}-{busy}-{number}", policy, busy, given.writers, tally)
        sys.stderr.write(f"round {number + 1} of {given.rounds}\n")
    sys.stdout.write("\n".join(write_table(tallies, given.writers)) + "\n")
    return 0


def run_round(folder: Path, policy: str, busy: bool, writers: int, tally: TimedTally) -> None:
    """Write for a second or two, kill the server, start it again, count what is gone."""
    files = write_files(folder, append_fsync="no", max_memory_bytes=2**31)
    config = files.config.read_text().replace("appendfsync no", f"appendfsync {policy}")
    files.config.write_text(config)
    writing = Writers(files=files, count=writers)
    with disk_kept_busy(folder / "noise", busy):
        with served(files) as server:
            began = time.monotonic()
            writing.start()
            time.sleep(random.uniform(1.2, 2.4))  # noqa: S311 - not for secrets
            server.kill()
            server.wait()
            names = writing.join()
            tally.seconds += time.monotonic() - began
        with served(files):
            tally.add(len(names), count_missing(files, names))
    remove_socket_folder(files)
    tally.milliseconds += writing.milliseconds


@contextlib.contextmanager
def disk_kept_busy(path: Path, busy: bool) -> Iterator[None]:
    """Have another process write and sync files meanwhile, if `busy`."""
    if not busy:
        yield
        return
    noise = subprocess.Popen([sys.executable, "-c", BUSY, str(path)])
    try:
        yield
    finally:
        noise.kill()
        noise.wait()
        path.unlink(missing_ok=True)


def write_table(tallies: dict[tuple[str, bool], TimedTally], writers: int) -> Iterator[str]:
    """Write the Markdown table."""
    yield (
        "| appendfsync | disk | acknowledged | lost | rounds with loss "
        f"| ms to the answer, {writers} writers: median / 99 % | a second |"
    )
    yield "|---|---|---|---|---|---|---|"
    for (policy, busy), tally in tallies.items():
        times = sorted(tally.milliseconds)
        median, high = (times[int(len(times) * share)] for share in (0.5, 0.99))
        yield (
            f"| `{policy}` | {'busy' if busy else 'quiet'} | {tally.acknowledged} | {tally.lost} "
            f"| {tally.rounds_with_loss} | {median:.1f} / {high:.1f} "
            f"| {tally.acknowledged / tally.seconds:.0f} |"
        )


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(sys.argv[1:]))
