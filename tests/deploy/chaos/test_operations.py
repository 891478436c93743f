"""What the kernel asks of the disk that forgets, asked without a kernel."""

import os
import stat

import pytest

from deploy.chaos.forgetful import ForgetfulDisk
from deploy.chaos.operations import Operations


@pytest.fixture
def disk() -> ForgetfulDisk:
    return ForgetfulDisk()


@pytest.fixture
def asked(disk: ForgetfulDisk) -> Operations:
    return Operations(disk)


def test_a_file_is_written_and_read_by_its_number(asked: Operations) -> None:
    handle = asked.create("/file", 0o600)
    asked.write("/file", b"0123456789", 0, handle)
    asked.write("/file", b"XY", 4, handle)
    assert asked.read("/file", 4, 3, handle) == b"3XY6"


def test_an_open_file_outlives_its_name(asked: Operations) -> None:
    handle = asked.create("/file", 0o600)
    asked.unlink("/file")
    asked.write("/file", b"there", 0, handle)
    assert asked.read("/file", 9, 0, handle) == b"there"


def test_opening_may_empty_a_file(asked: Operations) -> None:
    asked.write("/file", b"much", 0, asked.create("/file", 0o600))
    asked.open("/file", os.O_WRONLY | os.O_TRUNC)
    assert asked.getattr("/file")["st_size"] == 0


def test_a_socket_keeps_its_kind_when_its_rights_change(asked: Operations) -> None:
    asked.mknod("/socket", stat.S_IFSOCK | 0o777, 0)
    asked.chmod("/socket", 0o700)
    assert asked.getattr("/socket")["st_mode"] == stat.S_IFSOCK | 0o700


def test_fsync_saves_bytes_and_fsync_of_the_folder_names(
    asked: Operations, disk: ForgetfulDisk
) -> None:
    for name in ("/both", "/bytes"):
        asked.write(name, b"saved", 0, handle := asked.create(name, 0o600))
        asked.fsync(name, 1, handle)
        if name == "/both":
            asked.fsyncdir("/", 0, 0)
    disk.forget()
    assert asked.readdir("/", 0) == [".", "..", "both"]
    assert asked.read("/both", 9, 0, asked.open("/both", os.O_RDONLY)) == b"saved"
