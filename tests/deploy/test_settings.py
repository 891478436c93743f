"""What a user may set, and the one line that a wrong value gets."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.errors import StackError
from deploy.settings import StackSettings, is_loopback
from web.settings import Access, WebSettings


def test_nothing_has_to_be_set() -> None:
    settings = StackSettings.from_env({})
    assert settings.address == "http://127.0.0.1:8080"
    assert settings.durability == "strict"
    assert settings.workers >= 1
    assert settings.redis_url is None


def test_everything_can_be_set(tmp_path: Path) -> None:
    settings = StackSettings.from_env(
        {
            "PORT": "9000",
            "WORKERS": "3",
            "SPOTTER_HOST": "0.0.0.0",
            "SPOTTER_DATA": str(tmp_path),
            "SPOTTER_DURABILITY": "fast",
            "SPOTTER_MAX_MEMORY": "1gb",
            "REDIS_URL": "redis://app:secret@queue.example:6379/0",
        }
    )
    assert (settings.port, settings.workers, settings.data) == (9000, 3, tmp_path)
    assert settings.max_memory_bytes == 2**30
    assert settings.address == "http://127.0.0.1:9000"


def test_an_address_of_version_6_is_spelled_for_a_browser() -> None:
    assert StackSettings.from_env({"SPOTTER_HOST": "::"}).address == "http://[::1]:8080"


def test_a_link_begins_with_what_other_machines_can_open() -> None:
    assert StackSettings(port=9000).link_address == "http://127.0.0.1:9000"
    assert StackSettings(host="gate.example").link_address == "http://gate.example:8080"
    host = urlsplit(StackSettings(host="0.0.0.0").link_address).hostname
    assert host is not None
    assert not is_loopback(host) or host == "127.0.0.1"  # a machine on no network has no other


@pytest.mark.parametrize("host", ["", "127.0.0.1", "::1", "localhost", "0.0.0.0", "192.0.2.7"])
@pytest.mark.parametrize("access", ["", "auto", "open", "keys", "Keys"])
@pytest.mark.parametrize("proxies", ["", "10.0.0.0/8"])
def test_what_is_said_of_access_is_what_web_does(host: str, access: str, proxies: str) -> None:
    environ = {
        "SPOTTER_HOST": host,
        "SPOTTER_ACCESS": access,
        "SPOTTER_TRUSTED_PROXIES": proxies,
        "SPOTTER_SECRET": "x" * 32,
    }
    wanted = WebSettings.from_env(environ).access is Access.KEYS
    assert StackSettings.from_env(environ).needs_keys is wanted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "http"),
        ("PORT", "70000"),
        ("WORKERS", "-1"),
        ("WORKERS", "two"),
        ("SPOTTER_DURABILITY", "maybe"),
        ("SPOTTER_ACCESS", "maybe"),
        ("SPOTTER_MAX_MEMORY", "10mb"),
        ("SPOTTER_MAX_MEMORY", "lots"),
        ("REDIS_URL", "http://127.0.0.1"),
        ("REDIS_URL", "redis://127.0.0.1:port"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(StackError, match=name) as refused:
        StackSettings.from_env({name: value})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("host", ["192.0.2.7", "queue.example"])
def test_a_redis_without_a_password_on_an_open_interface_is_refused(host: str) -> None:
    with pytest.raises(StackError, match="without a password"):
        StackSettings.from_env({"REDIS_URL": f"redis://{host}:6379/0"})


def test_a_password_may_come_from_a_file() -> None:
    environ = {"REDIS_URL": "redis://app@queue:6379/0", "SPOTTER_REDIS_PASSWORD_FILE": "/run/it"}
    assert StackSettings.from_env(environ).redis_url == environ["REDIS_URL"]


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:6379", "redis://localhost", "unix:///run/redis.sock"]
)
def test_a_redis_on_this_machine_needs_none(url: str) -> None:
    assert StackSettings.from_env({"REDIS_URL": url}).redis_url == url
