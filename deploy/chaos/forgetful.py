"""A disk with a cache that a power cut empties: what was not synced is gone.

It keeps two states of everything, as programs see it and as the disk has it, and takes the hardest
reading of POSIX: `fsync` of a file saves its bytes and not its name; a name that was made, removed
or renamed is saved by `fsync` of its folder alone. Real file systems save more, and earlier. It
lies in memory and knows nothing of FUSE; deploy/chaos/power_cut.py mounts it.
"""

import errno
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random


@dataclass(slots=True, kw_only=True)
class File:
    """A file, or a socket: its bytes as programs see them, and as the disk has them."""

    mode: int
    data: bytearray = field(default_factory=bytearray)
    synced: bytearray = field(default_factory=bytearray)
    # What differs: bytes from `low` to `high`, and everything from `cut` on.
    low: int | None = None
    high: int = 0
    cut: int | None = None

    def write(self, data: bytes, offset: int) -> None:
        """Put bytes in place; a gap before them is zeros."""
        if offset > len(self.data):
            self.resize(offset)
        self.data[offset : offset + len(data)] = data
        self._touch(offset, offset + len(data))

    def resize(self, size: int) -> None:
        """Cut the file off, or lengthen it by zeros."""
        old = len(self.data)
        if size < old:
            del self.data[size:]
            self.cut = size if self.cut is None else min(self.cut, size)
        else:
            self.data.extend(bytes(size - old))
            self._touch(old, size)

    def sync(self) -> None:
        """Have the disk take all of it."""
        if self.cut is not None:
            del self.synced[self.cut :]
        if self.low is not None:
            self.synced.extend(bytes(max(0, len(self.data) - len(self.synced))))
            high = min(self.high, len(self.data))
            self.synced[self.low : high] = self.data[self.low : high]
        self.low, self.high, self.cut = None, 0, None

    def forget(self, chance: Random | None) -> None:
        """Go back to what the disk has; with `chance`, a part of what was appended may be there.

        Part of an end is what a disk may have written by itself: a record that breaks off.
        """
        tail = self.data[len(self.synced) :] if self.cut is None else b""
        self.data = bytearray(self.synced)
        self.low, self.high, self.cut = None, 0, None
        if chance is not None and tail:
            self.data += tail[: chance.randrange(len(tail) + 1)]
            self.synced = bytearray(self.data)

    def _touch(self, low: int, high: int) -> None:
        self.low = low if self.low is None else min(self.low, low)
        self.high = max(self.high, high)


@dataclass(slots=True, kw_only=True)
class Folder:
    """A folder: its names as programs see them, and as the disk has them."""

    mode: int = stat.S_IFDIR | 0o755
    entries: dict[str, "File | Folder"] = field(default_factory=dict)
    synced: dict[str, "File | Folder"] = field(default_factory=dict)

    def sync(self) -> None:
        """Have the disk take the names; what they name is not synced by that."""
        self.synced = dict(self.entries)

    def forget(self, chance: Random | None) -> None:
        """Go back to what the disk has, with everything in it."""
        self.entries = dict(self.synced)
        for node in self.entries.values():
            node.forget(chance)


class ForgetfulDisk:
    """The tree of files, by paths that begin with a slash. `lies`: nothing is ever synced.

    Every method raises OSError as the system call of its name does.
    """

    def __init__(self, *, lies: bool = False) -> None:
        self.root = Folder()
        self.lies = lies
        self.syncs = 0

    def find(self, path: str) -> File | Folder:
        """Return what a path names."""
        node: File | Folder = self.root
        for name in _split(path):
            if not isinstance(node, Folder):
                raise OSError(errno.ENOTDIR, path)
            if name not in node.entries:
                raise OSError(errno.ENOENT, path)
            node = node.entries[name]
        return node

    def find_file(self, path: str) -> File:
        """Return the file that a path names."""
        node = self.find(path)
        if isinstance(node, Folder):
            raise OSError(errno.EISDIR, path)
        return node

    def find_folder(self, path: str) -> Folder:
        """Return the folder that a path names."""
        node = self.find(path)
        if isinstance(node, File):
            raise OSError(errno.ENOTDIR, path)
        return node

    def create(self, path: str, mode: int) -> File:
        """Make an empty file; `mode` has its type too."""
        folder, name = self._find_place(path)
        if name in folder.entries:
            raise OSError(errno.EEXIST, path)
        file = File(mode=mode if stat.S_IFMT(mode) else mode | stat.S_IFREG)
        folder.entries[name] = file
        return file

    def make_folder(self, path: str, mode: int) -> None:
        """Make an empty folder."""
        folder, name = self._find_place(path)
        if name in folder.entries:
            raise OSError(errno.EEXIST, path)
        folder.entries[name] = Folder(mode=stat.S_IFDIR | mode)

    def remove(self, path: str) -> None:
        """Remove a name; who has the file open keeps it."""
        folder, name = self._find_place(path)
        node = self.find(path)
        if isinstance(node, Folder) and node.entries:
            raise OSError(errno.ENOTEMPTY, path)
        del folder.entries[name]

    def rename(self, old: str, new: str) -> None:
        """Give a file or folder another name; what had this name is gone."""
        node = self.find(old)
        target, name = self._find_place(new)
        source, before = self._find_place(old)
        del source.entries[before]
        target.entries[name] = node

    def sync(self, node: File | Folder) -> None:
        """Save a file's bytes or a folder's names, unless this disk lies."""
        self.syncs += 1
        if not self.lies:
            node.sync()

    def forget(self, chance: Random | None = None) -> None:
        """Cut the power."""
        self.root.forget(chance)

    def _find_place(self, path: str) -> tuple[Folder, str]:
        parent, _, name = path.rpartition("/")
        return self.find_folder(parent), name


def _split(path: str) -> Iterator[str]:
    return (name for name in path.split("/") if name)
