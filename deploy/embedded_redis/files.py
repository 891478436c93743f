"""The files of one queue server: its configuration, its users and their passwords, its socket.

Everything lies in one private folder, so whoever may read the folder may use the queue. A new
`make up` makes new passwords; a server that is restarted under it keeps them, since web and
worker hold them already.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from deploy.embedded_redis.errors import QueueServerError

# sun_path holds 104 bytes on macOS and 108 on Linux, with the closing NUL.
MAX_SOCKET_PATH_BYTES = 103

# What the applications may do: everything on their own keys and channels, nothing to the server.
# Without the removals after @dangerous, `SCRIPT DEBUG YES` forks the server and FUNCTION FLUSH
# wipes code. CONFIG GET lets readiness tell the durability that is really set.
_APP_RULES = (
    # A subscription to a pattern needs that pattern itself: Flower's lies within the other.
    "~spotter:* resetchannels &spotter:* &spotter:/0.celeryev/* "
    "+@all -@admin -@dangerous +info +config|get "
    "-script|debug -script|flush -function +function|list"
)
_ADMIN_RULES = "~* &* +@all"
# Nobody can sign in as `default`, and yet it has every right: Redis 7.0 and Valkey 8.0 read their
# append-only file as this user and would drop every transaction in it, which is every accepted job.
DEFAULT_RULES = "off resetpass ~* &* +@all"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFiles:
    """Where one server's things are; the passwords are in the URLs."""

    folder: Path
    socket: Path
    app_url: str  # redis-py form, unix://app:PASSWORD@/path?db=0
    admin_password: str

    @property
    def config(self) -> Path:
        """Return the path of the configuration, the server's only argument."""
        return self.folder / "server.conf"

    @property
    def lock(self) -> Path:
        """Return the path of the lock that the running server holds."""
        return self.folder / "lock"

    @property
    def append_only_folder(self) -> Path:
        """Return the path of the folder of the append-only files: the queue itself."""
        return self.folder / "appendonlydir"


def write_files(folder: Path, *, append_fsync: str, max_memory_bytes: int) -> ServerFiles:
    """Write configuration and users with new passwords into `folder` (made 0700 if missing).

    `append_fsync` is `always` (an answer means that the disk has it) or `no` (safe when the
    server is killed, not when power fails). `everysec` is refused: it loses acknowledged writes
    even on a plain kill while a sync is under way (docs/decisions/0004-embedded-server.md).

    Raises:
        QueueServerError: when the folder cannot be written.
        ValueError: when `append_fsync` is neither of the two.
    """
    if append_fsync not in ("always", "no"):
        raise ValueError(f"append_fsync must be 'always' or 'no', got {append_fsync!r}")
    folder = folder.absolute()
    app_password, admin_password = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        socket = _place_socket(folder)
        files = ServerFiles(
            folder=folder,
            socket=socket,
            app_url=f"unix://app:{app_password}@{quote(str(socket))}?db=0",
            admin_password=admin_password,
        )
        users = (
            f"user default {DEFAULT_RULES}\n"
            f"user app on #{_hash(app_password)} {_APP_RULES}\n"
            f"user admin on #{_hash(admin_password)} {_ADMIN_RULES}\n"
        )
        _write_private(folder / "users.acl", users)
        _write_private(folder / "app.url", files.app_url + "\n")
        _write_private(files.config, _config(files, append_fsync, max_memory_bytes))
        files.append_only_folder.mkdir(exist_ok=True, mode=0o700)
        _save_names(folder)
    except OSError as error:
        raise QueueServerError(f"{folder} cannot be used for the queue: {error}") from error
    return files


def remove_socket_folder(files: ServerFiles) -> None:
    """Remove the temporary folder that the socket needed where the data folder's path is long."""
    if files.socket.parent != files.folder:
        shutil.rmtree(files.socket.parent, ignore_errors=True)


def _config(files: ServerFiles, append_fsync: str, max_memory_bytes: int) -> str:
    lines = [
        "port 0",
        f"unixsocket {_quoted(files.socket)}",
        "unixsocketperm 700",
        f"dir {_quoted(files.folder)}",
        f"aclfile {_quoted(files.folder / 'users.acl')}",
        "daemonize no",
        'logfile ""',
        "always-show-logo no",
        'save ""',
        "appendonly yes",
        f"appendfsync {append_fsync}",
        # A plain base file opens in Redis 7 and in older Valkey too, and can be repaired.
        "aof-use-rdb-preamble no",
        "auto-aof-rewrite-percentage 100",
        "auto-aof-rewrite-min-size 32mb",
        f"maxmemory {max_memory_bytes}",
        "maxmemory-policy noeviction",
        "timeout 0",
    ]
    return "\n".join(lines) + "\n"


def _save_names(folder: Path) -> None:
    """Have the disk keep the folder, what is in it and the folders above, up to the file system.

    The server syncs its files and the names in their folder, and nothing above: a power cut might
    leave them without a way to them. Most file systems keep the way all the same, POSIX need not
    (deploy/chaos/power_cut.py).
    """
    for place in (folder, *folder.parents):
        with contextlib.suppress(OSError):  # one that we may enter and not read, for example
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        if place.is_mount():
            return


def _place_socket(folder: Path) -> Path:
    socket = folder / "s.sock"
    if len(os.fsencode(socket)) <= MAX_SOCKET_PATH_BYTES:
        return socket
    return Path(tempfile.mkdtemp(prefix="spotter-", dir="/tmp"), "s.sock")


def _quoted(path: Path) -> str:
    text = str(path)
    if not text.isprintable():
        raise QueueServerError(f"The data folder's path holds unprintable characters: {text!r}")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _hash(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def _write_private(path: Path, text: str) -> None:
    # A new file each time: an old one may have been left with wider permissions.
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
