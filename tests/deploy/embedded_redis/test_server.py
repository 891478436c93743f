"""The queue server as `make up` runs it: what it keeps, whom it lets in, what it refuses."""

import contextlib
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError
from redis.retry import Retry

from deploy.embedded_redis.client import ask, wait_until_answering
from deploy.embedded_redis.errors import AlreadyRunning
from deploy.embedded_redis.files import remove_socket_folder, write_files
from deploy.embedded_redis.launch import check_unlocked
from deploy.embedded_redis.repair import repair
from deploy.embedded_redis.rewrite import Rewrites, read_persistence
from tests.conftest import ROOT, QueueServer


def connect(server: QueueServer) -> "redis.Redis":
    return redis.Redis.from_url(server.url)


def newest_file(server: QueueServer) -> Path:
    return max(server.files.append_only_folder.glob("*.incr.aof"))


def test_what_was_acknowledged_survives_a_kill(own_queue_server: QueueServer) -> None:
    client = connect(own_queue_server)
    for number in range(200):
        client.set(f"spotter:{number}", bytes(2000))
    own_queue_server.kill()
    own_queue_server.start()
    assert len(client.mget([f"spotter:{number}" for number in range(200)])) == 200
    assert None not in client.mget([f"spotter:{number}" for number in range(200)])


def test_a_transaction_survives_a_kill(own_queue_server: QueueServer) -> None:
    with connect(own_queue_server).pipeline(transaction=True) as both:
        both.set("spotter:a", 1).set("spotter:b", 2).execute()
    own_queue_server.kill()
    own_queue_server.start()
    assert connect(own_queue_server).mget(["spotter:a", "spotter:b"]) == [b"1", b"2"]


def test_the_user_as_whom_old_servers_read_their_file_has_every_right(tmp_path: Path) -> None:
    # Redis 7.0 and Valkey 8.0 drop transactions that this user may not run, when they start.
    files = write_files(tmp_path, append_fsync="always", max_memory_bytes=2**26)
    users = (files.folder / "users.acl").read_text().splitlines()
    remove_socket_folder(files)
    assert users[0] == "user default off resetpass ~* &* +@all"


def test_strict_means_on_the_disk_before_the_answer(own_queue_server: QueueServer) -> None:
    settings = connect(own_queue_server).config_get("append*")
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "always"


def test_the_durability_that_loses_writes_cannot_be_chosen(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="everysec"):
        write_files(tmp_path, append_fsync="everysec", max_memory_bytes=2**26)


def test_nobody_else_can_read_the_files(own_queue_server: QueueServer) -> None:
    connect(own_queue_server).set("spotter:a", 1)
    folder = own_queue_server.files.folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    written = [p for p in folder.rglob("*") if p.is_file() and p.name != "server.log"]
    assert {p.name for p in written if stat.S_IMODE(p.stat().st_mode) & 0o077} == set()


def test_a_stranger_is_not_let_in(own_queue_server: QueueServer) -> None:
    never = Retry(NoBackoff(), 0)
    stranger = redis.Redis(unix_socket_path=str(own_queue_server.files.socket), retry=never)
    with pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_every_start_has_new_passwords(tmp_path: Path) -> None:
    urls = {
        write_files(tmp_path, append_fsync="no", max_memory_bytes=2**26).app_url for _ in range(2)
    }
    assert len(urls) == 2


@pytest.mark.parametrize(
    "command",
    [
        "FLUSHALL",
        "KEYS *",
        "CONFIG SET maxmemory 1",
        "SHUTDOWN NOSAVE",
        "SCRIPT FLUSH",
        "SCRIPT DEBUG YES",
        "FUNCTION FLUSH",
        "GET other:key",
        "ACL LIST",
    ],
)
def test_the_applications_cannot_touch_the_server(redis_url: str, command: str) -> None:
    client = redis.Redis.from_url(redis_url)
    with pytest.raises(NoPermissionError):
        client.execute_command(*command.split())


def test_a_second_server_on_the_same_files_is_refused(own_queue_server: QueueServer) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "deploy.embedded_redis", "serve", own_queue_server.files.folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert own_queue_server.process is not None
    assert f"already running in {own_queue_server.files.folder}" in second.stderr
    assert f"pid {own_queue_server.process.pid}" in second.stderr
    assert connect(own_queue_server).ping()


def test_a_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    files = write_files(tmp_path / ("d" * 100), append_fsync="no", max_memory_bytes=2**26)
    server = QueueServer(files=files)
    server.start()
    assert connect(server).ping()
    assert stat.S_IMODE(files.socket.parent.stat().st_mode) == 0o700
    server.stop()
    remove_socket_folder(files)
    assert not files.socket.parent.exists()
    assert files.folder.exists()


def test_a_path_with_spaces_and_quotes_works(tmp_path: Path) -> None:
    files = write_files(tmp_path / 'my "data" %41', append_fsync="no", max_memory_bytes=2**26)
    server = QueueServer(files=files)
    server.start()
    assert connect(server).ping()
    server.stop()


def test_a_rewrite_takes_deleted_pictures_off_the_disk(own_queue_server: QueueServer) -> None:
    client = connect(own_queue_server)
    client.set("spotter:blob:x", b"PICTURE" * 100)
    client.delete("spotter:blob:x")
    files = own_queue_server.files.append_only_folder
    assert any(b"PICTURE" in path.read_bytes() for path in files.iterdir())
    Rewrites(own_queue_server.files, first_seconds=0).tend()
    wait_for_rewrite(own_queue_server)
    assert not any(b"PICTURE" in path.read_bytes() for path in files.iterdir())


def wait_for_rewrite(server: QueueServer) -> None:
    """Wait until the rewrite that was asked for has replaced the files."""
    for _ in range(500):
        state = read_persistence(server.files)
        names = {path.name for path in server.files.append_only_folder.glob("*.aof")}
        replaced = len(names) == 2 and any(".2.base" in name for name in names)
        if replaced and not state["aof_rewrite_in_progress"]:
            return
        ask(server.files, "PING")
    raise AssertionError("the rewrite did not end")


def test_a_damaged_end_is_cut_and_the_rest_is_there(own_queue_server: QueueServer) -> None:
    connect(own_queue_server).set("spotter:kept", "yes")
    own_queue_server.stop()
    with newest_file(own_queue_server).open("ab") as file:
        file.write(bytes(64))  # what a power cut leaves
    done = repair(own_queue_server.files.folder)
    own_queue_server.start()
    assert done.bytes_cut == 64
    assert connect(own_queue_server).get("spotter:kept") == b"yes"
    assert (done.copy / done.file.name).stat().st_size == done.bytes_before


def test_a_running_server_is_not_repaired(own_queue_server: QueueServer) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.embedded_redis", "repair", own_queue_server.files.folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "already running" in done.stderr


def test_a_copy_of_the_folder_is_a_backup(own_queue_server: QueueServer, tmp_path: Path) -> None:
    client = connect(own_queue_server)
    client.set("spotter:kept", "yes")
    own_queue_server.stop()
    shutil.make_archive(str(tmp_path / "backup"), "gztar", own_queue_server.files.folder)
    shutil.rmtree(own_queue_server.files.append_only_folder)
    shutil.unpack_archive(tmp_path / "backup.tar.gz", own_queue_server.files.folder)
    own_queue_server.start()
    assert client.get("spotter:kept") == b"yes"


def test_the_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    files = write_files(tmp_path / "queue", append_fsync="no", max_memory_bytes=2**26)
    serve = [sys.executable, "-m", "deploy.embedded_redis", "serve", str(files.folder)]
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess; subprocess.run({serve!r})"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    wait_until_answering(files, timeout_seconds=20)
    parent.kill()
    parent.wait()
    assert unlocked_within(10, files.lock)


def unlocked_within(seconds: float, lock: Path) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(AlreadyRunning):
            check_unlocked(lock)
            return True
    return False
