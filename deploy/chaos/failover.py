"""What a failover takes away: a primary dies under load, and its replica goes on in its place.

    python -m deploy.chaos.failover [--rounds 10] [--writers 16]

Writers send transactions like those of an accepted job to a primary (`appendfsync always`) and
remember which were acknowledged. The primary is killed and does not come back; the replica is made
the primary and asked for every acknowledged job. Settings take turns:

    plain          replication as every Redis has it: asynchronous
    cut off        the same, and the replica heard nothing in the last four seconds
    min-replicas   cut off; the primary refuses writes where no replica was heard of lately
    WAIT           cut off; an answer counts only once the replica has it (`WAIT 1`)

Spotter does not send WAIT: the last row tells what it would be.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.chaos.losses import Tally, Writers, count_missing, served
from deploy.chaos.proxy import Proxy
from deploy.embedded_redis.client import ask
from deploy.embedded_redis.files import ServerFiles, remove_socket_folder, write_files

LOAD_SECONDS = 1.5
CUT_OFF_SECONDS = 4.0
LINK_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How the pair is set and how it ends."""

    config: str = ""
    is_cut_off: bool = True
    waits: bool = False


SETTINGS: Mapping[str, Setting] = {
    "plain": Setting(is_cut_off=False),
    "the replica is cut off for the last 4 s": Setting(),
    "the same, `min-replicas-to-write 1`, lag 1 s": Setting(
        config="min-replicas-to-write 1\nmin-replicas-max-lag 1\n"
    ),
    "the same, `WAIT 1` before the answer": Setting(waits=True),
}


def main(arguments: Sequence[str]) -> int:
    """Fail over again and again, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m deploy.chaos.failover")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--writers", type=int, default=16)
    given = parser.parse_args(arguments)
    tallies = {name: Tally() for name in SETTINGS}
    with tempfile.TemporaryDirectory(prefix="spotter-failover-") as folder:
        for number in range(given.rounds):
            for name, tally in tallies.items():
                place = Path(folder, f"{number}-{list(SETTINGS).index(name)}")
                run_round(place, SETTINGS[name], given.writers, tally)
            sys.stderr.write(f"round {number + 1} of {given.rounds}\n")
    sys.stdout.write("\n".join(write_table(tallies)) + "\n")
    return 0


def run_round(place: Path, setting: Setting, writers: int, tally: Tally) -> None:
    """Write, kill the primary, promote the replica, count what it does not know."""
    primary = prepare(place / "primary", setting.config)
    with linked(primary) as network:
        replica = prepare(
            place / "replica",
            f"replicaof 127.0.0.1 {network.port}\n"
            f"masteruser admin\nmasterauth {primary.admin_password}\n",
        )
        with served(replica):
            with served(primary) as first:
                await_link(replica)
                names = write_until_killed(primary, first, network, setting, writers)
            ask(replica, "REPLICAOF", "NO", "ONE")
            tally.add(len(names), count_missing(replica, names))
    for files in (primary, replica):
        remove_socket_folder(files)


def write_until_killed(
    primary: ServerFiles,
    server: "subprocess.Popen[bytes]",
    network: Proxy,
    setting: Setting,
    writers: int,
) -> list[str]:
    """Have writers write, cut the replica off if it is to be, kill; the acknowledged names."""
    writing = Writers(files=primary, count=writers, waits=setting.waits)
    writing.start()
    time.sleep(LOAD_SECONDS)
    if setting.is_cut_off:
        network.open_hole()
        time.sleep(CUT_OFF_SECONDS)
    server.kill()
    server.wait()
    return writing.join()


@contextlib.contextmanager
def linked(primary: ServerFiles) -> Iterator[Proxy]:
    """Have a network between the primary and its replica."""
    network = Proxy(primary.socket)
    try:
        yield network
    finally:
        network.close()


def prepare(folder: Path, config: str) -> ServerFiles:
    """Write a server's files, with further lines of configuration."""
    files = write_files(folder, append_fsync="always", max_memory_bytes=2**31)
    files.config.write_text(files.config.read_text() + config)
    return files


def await_link(replica: ServerFiles) -> None:
    """Wait until the replica has all that the primary has."""
    until = time.monotonic() + LINK_SECONDS
    while "master_link_status:up" not in ask(replica, "INFO", "replication"):
        if time.monotonic() > until:
            raise SystemExit("The replica finds no primary; see server.log of both.")
        time.sleep(0.05)


def write_table(tallies: Mapping[str, Tally]) -> Iterator[str]:
    """Write the Markdown table."""
    yield "| setting | rounds | acknowledged | gone after the failover | rounds with loss |"
    yield "|---|---|---|---|---|"
    for name, tally in tallies.items():
        yield (
            f"| {name} | {tally.rounds} | {tally.acknowledged} | {tally.lost} "
            f"| {tally.rounds_with_loss} |"
        )


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(sys.argv[1:]))
