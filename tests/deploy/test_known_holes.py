"""Which servers are warned of, and that the one we bring is none of them."""

import pytest

from deploy.embedded_redis.binary import find_binary
from deploy.known_holes import warn_of_hole


@pytest.mark.parametrize(
    ("title", "way"),
    [
        ("Redis 6.2.19", "6.2.20"),
        ("Redis 7.0.15", "8.2.2"),
        ("Redis 7.2.10", "7.2.11"),
        ("Redis 7.4.5", "7.4.6"),
        ("Redis 8.0.3", "8.0.4"),
        ("Redis 8.2.1", "8.2.2"),
        ("Valkey 7.2.10", "7.2.11"),
        ("Valkey 8.0.5", "8.0.6"),
        ("Valkey 8.1.3", "8.1.4"),
    ],
)
def test_a_version_with_the_hole_is_told_with_the_way_out(title: str, way: str) -> None:
    assert f"{title} has a known hole" in warn_of_hole(title)
    assert f"Renew it to {way} or newer" in warn_of_hole(title)


@pytest.mark.parametrize(
    "title",
    [
        *("Redis 6.2.20", "Redis 7.2.11", "Redis 7.4.6", "Redis 8.0.4", "Redis 8.2.2"),
        *("Redis 8.4.0", "Redis 9.0.0", "Valkey 7.2.12", "Valkey 8.0.6", "Valkey 8.1.4"),
        *("Valkey 9.0.0", "Valkey 9.1.2", "a server that does not tell its version", "KeyDB 6.3.4"),
    ],
)
def test_a_mended_newer_or_unknown_one_is_not(title: str) -> None:
    assert warn_of_hole(title) == ""


def test_the_server_that_we_bring_has_no_known_hole() -> None:
    assert warn_of_hole(find_binary().title) == ""
