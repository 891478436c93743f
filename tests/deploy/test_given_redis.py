"""What `make up` finds out about a Redis of the user's own, on real servers."""

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from deploy.errors import StackError
from deploy.given_redis import hide_password, look_at
from tests.deploy.servers import Serve, find_free_port

PASSWORD = "s3cret"
# For other machines too, and yet not in reach of any: the address is no machine's, and with the
# minus the server starts where it is not there.
OPEN = ("--bind", "127.0.0.1 -192.0.2.7", "--protected-mode", "no")


def refusal(url: str, password_file: str = "") -> str:
    with pytest.raises(StackError, match=r"^REDIS_URL") as refused:
        look_at(url, password_file)
    text = str(refused.value)
    assert "\n" not in text
    assert PASSWORD not in text
    return text


def test_nobody_there_is_said_without_the_password() -> None:
    port = find_free_port()
    text = refusal(f"redis://app:{PASSWORD}@127.0.0.1:{port}/0")
    assert f"no Redis answers at redis://127.0.0.1:{port}/0: " in text


def test_a_server_that_is_no_redis_is_refused() -> None:
    class Http(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with answering(Http) as port:
        assert "no Redis answers" in refusal(f"redis://127.0.0.1:{port}")


class Scripted(socketserver.StreamRequestHandler):
    """A server that says of itself what a test wants."""

    info = ""

    def handle(self) -> None:
        while count := self.rfile.readline():
            words = [self.read_word() for _ in range(int(count[1:]))]
            self.wfile.write(self.answer(words[0].upper()))

    def read_word(self) -> bytes:
        return self.rfile.read(int(self.rfile.readline()[1:]) + 2)[:-2]

    def answer(self, command: bytes) -> bytes:
        info = self.info.encode()
        known = {b"PING": b"+PONG\r\n", b"INFO": b"$%d\r\n%s\r\n" % (len(info), info)}
        return known.get(command, b"-ERR unknown command\r\n")


def test_a_redis_before_7_is_refused() -> None:
    class Old(Scripted):
        info = "redis_version:6.2.14\r\n"

    with answering(Old) as port:
        assert "is Redis 6.2.14, which is too old" in refusal(f"redis://127.0.0.1:{port}")


def test_one_with_a_known_hole_is_warned_of() -> None:
    class Holed(Scripted):
        info = "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n"

    with answering(Holed) as port:
        [warning] = look_at(f"redis://127.0.0.1:{port}").warnings
    assert warning.startswith("warning: Valkey 8.0.1 has a known hole (CVE-2025-49844)")
    assert "8.0.6 or newer" in warning


@contextlib.contextmanager
def answering(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("user", ["", f":{PASSWORD}@", f"app:{PASSWORD}@"])
def test_a_wrong_or_missing_password_is_refused(serve: Serve, user: str) -> None:
    port = serve("--requirepass", "another")
    assert "does not let Spotter in" in refusal(f"redis://{user}127.0.0.1:{port}/0")


def test_a_password_from_a_file_lets_in(serve: Serve, tmp_path: Path) -> None:
    port = serve("--requirepass", PASSWORD)
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    given = look_at(f"redis://127.0.0.1:{port}/0", str(tmp_path / "password"))
    assert given.address == f"redis://127.0.0.1:{port}/0"
    assert given.title.split()[0] in ("Valkey", "Redis")


def test_a_database_that_is_not_there_is_refused(serve: Serve) -> None:
    assert "refuses: " in refusal(f"redis://127.0.0.1:{serve()}/99")


def test_an_option_that_is_none_is_refused() -> None:
    assert "cannot be used" in refusal("redis://127.0.0.1:1/0?colour=red")


@pytest.mark.parametrize("user", ["", f"default:{PASSWORD}@"])
def test_one_open_to_other_machines_without_a_password_is_refused(serve: Serve, user: str) -> None:
    port = serve(*OPEN)
    assert "without a password" in refusal(f"redis://{user}127.0.0.1:{port}/0")


def test_one_open_to_other_machines_with_a_password_is_taken(serve: Serve) -> None:
    assert look_at(f"redis://:{PASSWORD}@127.0.0.1:{serve(*OPEN, '--requirepass', PASSWORD)}")


def test_one_that_refuses_other_machines_by_itself_is_taken(serve: Serve) -> None:
    assert look_at(f"redis://127.0.0.1:{serve(*OPEN[:2])}")


def test_one_whose_settings_are_hidden_is_taken(serve: Serve) -> None:
    port = serve()
    with redis.Redis(port=port) as admin:
        admin.execute_command("ACL", "SETUSER", "default", "-@admin")
    given = look_at(f"redis://127.0.0.1:{port}")
    assert (given.durability, given.warnings) == ("off", ())


@pytest.mark.parametrize(
    ("options", "promise"),
    [
        (["--appendonly", "no"], "in memory only"),
        (["--appendonly", "yes", "--appendfsync", "always"], "on the disk before the answer"),
        (["--appendonly", "yes", "--appendfsync", "everysec"], "last two seconds"),
        (["--appendonly", "yes", "--appendfsync", "no"], "but not a power cut"),
    ],
)
def test_its_durability_is_said(serve: Serve, options: list[str], promise: str) -> None:
    assert promise in look_at(f"redis://127.0.0.1:{serve(*options)}").promise


def test_one_that_throws_away_is_warned_of(serve: Serve) -> None:
    port = serve("--maxmemory-policy", "allkeys-lru")
    [warning] = look_at(f"redis://127.0.0.1:{port}").warnings
    assert "maxmemory-policy allkeys-lru" in warning
    assert look_at(f"redis://127.0.0.1:{serve()}").warnings == ()


def test_the_embedded_server_would_be_taken(redis_url: str) -> None:
    assert look_at(redis_url).durability == "no"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"redis://app:{PASSWORD}@[::1]:6379/0", "redis://[::1]:6379/0"),
        (f"rediss://queue/1?password={PASSWORD}", "rediss://queue/1"),
        (f"unix://app:{PASSWORD}@/run/redis.sock?db=0", "unix:///run/redis.sock"),
    ],
)
def test_an_address_is_shown_without_what_is_secret(url: str, shown: str) -> None:
    assert hide_password(url) == shown
