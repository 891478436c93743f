# ruff: noqa: D102  a method's name is that of the system call, and nobody else calls it
"""Translates FUSE's calls for the disk that forgets (deploy/chaos/forgetful.py).

Each method is what the kernel asks for by this name; all raise OSError as the system call does. An
open file is known by a number, whatever becomes of its name.
"""

import errno
import os

from deploy.chaos.forgetful import File, ForgetfulDisk


class Operations:
    """What a mounted disk can do; to be handed to `mfusepy.FUSE`."""

    use_ns = True

    def __init__(self, disk: ForgetfulDisk) -> None:
        self.disk = disk
        self.open_files: dict[int, File] = {}
        self.last = 0

    def getattr(self, path: str, handle: int | None = None) -> dict[str, int]:
        node = self.open_files[handle] if handle else self.disk.find(path)
        size = len(node.data) if isinstance(node, File) else 0
        owner = {"st_uid": os.getuid(), "st_gid": os.getgid(), "st_nlink": 1}
        return {"st_mode": node.mode, "st_size": size, **owner}

    def readdir(self, path: str, _handle: int) -> list[str]:
        return [".", "..", *self.disk.find_folder(path).entries]

    def mkdir(self, path: str, mode: int) -> None:
        self.disk.make_folder(path, mode)

    def rmdir(self, path: str) -> None:
        self.disk.remove(path)

    def unlink(self, path: str) -> None:
        self.disk.remove(path)

    def rename(self, old: str, new: str) -> None:
        self.disk.rename(old, new)

    def mknod(self, path: str, mode: int, _device: int) -> None:
        self.disk.create(path, mode)

    def create(self, path: str, mode: int, _info: object = None) -> int:
        return self._hold(self.disk.create(path, mode))

    def open(self, path: str, flags: int) -> int:
        file = self.disk.find_file(path)
        if flags & os.O_TRUNC:
            file.resize(0)
        return self._hold(file)

    def read(self, _path: str, size: int, offset: int, handle: int) -> bytes:
        return bytes(self.open_files[handle].data[offset : offset + size])

    def write(self, _path: str, data: bytes, offset: int, handle: int) -> int:
        self.open_files[handle].write(data, offset)
        return len(data)

    def truncate(self, path: str, length: int, handle: int | None = None) -> None:
        (self.open_files[handle] if handle else self.disk.find_file(path)).resize(length)

    def fsync(self, _path: str, _data_only: int, handle: int) -> None:
        self.disk.sync(self.open_files[handle])

    def fsyncdir(self, path: str, _data_only: int, _handle: int) -> None:
        self.disk.sync(self.disk.find_folder(path))

    def release(self, _path: str, handle: int) -> None:
        self.open_files.pop(handle, None)

    def chmod(self, path: str, mode: int) -> None:
        node = self.disk.find(path)
        node.mode = node.mode & ~0o7777 | mode & 0o7777

    def chown(self, path: str, _user: int, _group: int) -> None:
        self.disk.find(path)

    def utimens(self, path: str, _times: object = None) -> None:
        self.disk.find(path)

    def link(self, _target: str, _source: str) -> None:
        raise OSError(errno.EOPNOTSUPP, "no links on this disk")

    def _hold(self, file: File) -> int:
        self.last += 1
        self.open_files[self.last] = file
        return self.last
