"""What is found out before anything is started."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.checks import check_port, claim_data_folder, tell_access
from deploy.embedded_redis.errors import AlreadyRunning
from deploy.errors import StackError
from deploy.settings import StackSettings
from tests.conftest import ROOT


def test_a_port_in_use_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StackError, match=f"Port {port} is taken.*PORT=9000 make up"):
            check_port(StackSettings(port=port))


def test_a_host_that_is_not_ours_is_named() -> None:
    with pytest.raises(StackError, match=r"SPOTTER_HOST: cannot listen on 192\.0\.2\.7"):
        check_port(StackSettings(host="192.0.2.7", port=18099))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "spotter.example"])
def test_who_lets_other_machines_in_is_told_how_to_let_them(host: str) -> None:
    told = tell_access(StackSettings(host=host))
    assert told.startswith("access: with keys")
    assert "make key LINK=me" in told


def test_a_proxy_is_other_machines_too() -> None:
    assert tell_access(StackSettings(is_proxied=True)).startswith("access: with keys")
    assert "warning" in tell_access(StackSettings(is_proxied=True, access="open"))


def test_who_lets_other_machines_in_without_a_key_is_warned() -> None:
    warning = tell_access(StackSettings(host="0.0.0.0", access="open"))
    assert warning.startswith("warning: SPOTTER_ACCESS=open: everybody who can reach 0.0.0.0")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_who_keeps_to_this_machine_is_told_nothing(host: str) -> None:
    assert tell_access(StackSettings(host=host)) == ""


def test_a_second_spotter_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    lock = claim_data_folder(tmp_path)
    with pytest.raises(AlreadyRunning, match=rf"in {tmp_path} \(pid {os.getpid()}\)"):
        claim_data_folder(tmp_path)
    os.close(lock)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match="SPOTTER_DATA"):
        claim_data_folder(tmp_path / "file" / "data")


def test_a_folder_that_was_there_keeps_its_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    os.close(claim_data_folder(tmp_path))
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_problem_is_one_line_on_stderr(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.up"],
        cwd=ROOT,
        env={**os.environ, "PORT": "none", "SPOTTER_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "Spotter cannot start. PORT must be a whole number from 1 to 65535, not 'none'."
    ]
