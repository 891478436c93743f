"""The server's log in one line for people."""

from pathlib import Path

import pytest

from deploy.embedded_redis.messages import explain


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("Write error writing append only file: No space left on device", "disk of DIR is full"),
        ("Bad file format reading the append only file appendonly.aof.1.incr.aof", "repair DIR"),
        ("Unable to obtain the AOF file appendonly.aof.1.incr.aof", "missing in DIR"),
        ("Failed opening Unix socket: bind: Permission denied", "not writable"),
        ("Aborting Valkey startup because of ACL errors: bad", "mistake of ours"),
    ],
)  # fmt: skip
def test_a_known_end_is_explained(log: str, told: str) -> None:
    assert told in explain(["something before", log, ""], Path("DIR"))


def test_an_unknown_end_is_shown_as_it_is() -> None:
    assert explain(["first", "last words", ""], Path("DIR")) == "last words"
