"""The plan of faults repeats with its seed, and the faults do what they say to real processes."""

import socket
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from deploy.chaos.allowed import REFUSALS
from deploy.chaos.clocks import make_environment, set_clock
from deploy.chaos.faults import FAULTS, plan_faults
from deploy.chaos.half_open import share_connections
from deploy.chaos.history import History, read_history
from deploy.chaos.rollover import NEXT, copy_models, read_own_version
from deploy.chaos.run import inject
from deploy.chaos.scene import Scene
from deploy.chaos.system import ProgramMissing
from tests.conftest import QueueServer
from worker.versions import find_versions, own_version


def name_plan(seed: int, count: int) -> list[tuple[float, str, str]]:
    plan = islice(plan_faults(seed, pause_seconds=10), count)
    return [(pause, fault.__name__, chance) for pause, fault, chance in plan]


def test_a_seed_repeats_the_whole_plan() -> None:
    assert name_plan(7, 50) == name_plan(7, 50)


def test_every_fault_comes_once_before_any_comes_again() -> None:
    names = [name for _, name, _ in name_plan(7, 2 * len(FAULTS))]
    assert sorted(names[: len(FAULTS)]) == sorted(names[len(FAULTS) :])
    assert len(set(names)) == len(FAULTS)


def test_a_fault_that_finds_nobody_to_harm_is_written_down_as_such(tmp_path: Path) -> None:
    def fault(_: Scene) -> None:
        raise ProgramMissing("no worker process is there to be harmed")

    history = History(tmp_path / "history")
    inject(fault, Scene(system=None, history=history, chance=Random(1)))
    history.close()
    assert [line["error"] for line in read_history(history.path)] == [
        "no worker process is there to be harmed"
    ]


def test_what_is_allowed_is_allowed_to_faults_that_there_are() -> None:
    assert set(REFUSALS) <= {fault.__name__ for fault in FAULTS}


def test_a_connection_of_a_killed_server_hears_nothing(own_queue_server: QueueServer) -> None:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(own_queue_server.files.socket))
        caller.sendall(b"PING\r\n")
        caller.recv(100)  # so the server has taken the connection
        held = share_connections(own_queue_server.process.pid)
        own_queue_server.kill()
        caller.settimeout(0.5)
        caller.sendall(b"PING\r\n")
        with pytest.raises(TimeoutError):
            caller.recv(100)
        for one in held:
            one.close()
        with pytest.raises(ConnectionError):
            caller.sendall(b"PING\r\n")
    own_queue_server.start()


def test_a_clock_jumps_in_a_running_process(tmp_path: Path) -> None:
    set_clock(tmp_path / "clock", 2)
    with subprocess.Popen(
        [sys.executable, "-c", "import time\nwhile input(): print(time.time(), flush=True)"],
        env=dict(make_environment(tmp_path / "clock")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as asked:
        hours = []
        for hour in (2, -2):
            set_clock(tmp_path / "clock", hour)
            asked.stdin.write("time\n")
            asked.stdin.flush()
            hours.append(round((float(asked.stdout.readline()) - time.time()) / 3600, 2))
        asked.communicate("\n")
    assert hours == [2, -2]


def test_the_models_get_a_second_version_under_another_name(tmp_path: Path) -> None:
    copy_models(tmp_path)
    assert read_own_version() == own_version("person")
    assert set(find_versions("person", tmp_path)) == {NEXT, own_version("person")}
