"""The disk that forgets keeps what was synced, byte for byte, and nothing else."""

import errno
from random import Random

import pytest

from deploy.chaos.forgetful import ForgetfulDisk

MODE = 0o600


@pytest.fixture
def disk() -> ForgetfulDisk:
    """A disk with one file whose name and first bytes are synced."""
    disk = ForgetfulDisk()
    disk.create("/file", MODE).write(b"synced", 0)
    disk.sync(disk.find("/file"))
    disk.sync(disk.root)
    return disk


def read(disk: ForgetfulDisk, path: str = "/file") -> bytes:
    return bytes(disk.find_file(path).data)


def names(disk: ForgetfulDisk, path: str = "/") -> list[str]:
    return sorted(disk.find_folder(path).entries)


def test_programs_see_what_is_not_synced(disk: ForgetfulDisk) -> None:
    disk.find_file("/file").write(b", more", 6)
    assert read(disk) == b"synced, more"


def test_what_was_appended_is_gone(disk: ForgetfulDisk) -> None:
    disk.find_file("/file").write(b", more", 6)
    disk.forget()
    assert read(disk) == b"synced"


def test_what_was_written_over_is_there_again(disk: ForgetfulDisk) -> None:
    disk.find_file("/file").write(b"XX", 2)
    disk.forget()
    assert read(disk) == b"synced"


def test_what_was_cut_off_is_there_again(disk: ForgetfulDisk) -> None:
    disk.find_file("/file").resize(1)
    disk.forget()
    assert read(disk) == b"synced"


def test_a_sync_keeps_all_that_was_done_before_it(disk: ForgetfulDisk) -> None:
    file = disk.find_file("/file")
    file.resize(3)
    file.write(b"tax", 4)
    file.write(b"S", 0)
    disk.sync(file)
    disk.forget()
    assert read(disk) == b"Syn\0tax"


def test_only_parts_at_the_end_may_remain(disk: ForgetfulDisk) -> None:
    found = set()
    for seed in range(40):
        disk.find_file("/file").resize(6)
        disk.sync(disk.find("/file"))
        disk.find_file("/file").write(b"abc", 6)
        disk.forget(Random(seed))
        found.add(read(disk))
    assert found == {b"synced", b"synceda", b"syncedab", b"syncedabc"}


def test_a_synced_file_without_a_synced_name_is_gone(disk: ForgetfulDisk) -> None:
    disk.sync(disk.create("/new", MODE))
    disk.forget()
    assert names(disk) == ["file"]


def test_a_synced_name_without_synced_bytes_is_an_empty_file(disk: ForgetfulDisk) -> None:
    disk.create("/new", MODE).write(b"bytes", 0)
    disk.sync(disk.root)
    disk.forget()
    assert read(disk, "/new") == b""


def test_a_removed_file_is_there_again(disk: ForgetfulDisk) -> None:
    disk.remove("/file")
    disk.forget()
    assert read(disk) == b"synced"


def test_a_rename_over_a_file_is_undone(disk: ForgetfulDisk) -> None:
    disk.create("/new", MODE).write(b"new", 0)
    disk.sync(disk.find("/new"))
    disk.rename("/new", "/file")
    seen = read(disk)
    disk.forget()
    assert (seen, read(disk), names(disk)) == (b"new", b"synced", ["file"])


def test_a_rename_with_its_folder_synced_is_kept(disk: ForgetfulDisk) -> None:
    disk.create("/new", MODE).write(b"new", 0)
    disk.sync(disk.find("/new"))
    disk.rename("/new", "/file")
    disk.sync(disk.root)
    disk.forget()
    assert (read(disk), names(disk)) == (b"new", ["file"])


def test_a_folder_is_gone_with_all_that_was_synced_in_it(disk: ForgetfulDisk) -> None:
    disk.make_folder("/folder", MODE)
    disk.sync(disk.create("/folder/file", MODE))
    disk.sync(disk.find("/folder"))
    disk.forget()
    assert names(disk) == ["file"]


def test_a_disk_that_lies_keeps_nothing() -> None:
    disk = ForgetfulDisk(lies=True)
    disk.sync(disk.create("/file", MODE))
    disk.sync(disk.root)
    disk.forget()
    assert (names(disk), disk.syncs) == ([], 2)


@pytest.mark.parametrize(("path", "number"), [("/none", errno.ENOENT), ("/file/x", errno.ENOTDIR)])
def test_what_is_not_there_is_said_as_a_system_call_does(
    disk: ForgetfulDisk, path: str, number: int
) -> None:
    with pytest.raises(OSError, match=path) as caught:
        disk.find(path)
    assert caught.value.errno == number
