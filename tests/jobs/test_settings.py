"""A bad value stops the start and names its variable."""

from pathlib import Path

import pytest

from jobs.errors import SettingError
from jobs.settings import JobsSettings

URL = {"REDIS_URL": "redis://:pw@127.0.0.1:6379/0"}


def test_defaults() -> None:
    assert JobsSettings.from_env(URL) == JobsSettings(redis_url=URL["REDIS_URL"])


def test_a_value_is_read() -> None:
    assert JobsSettings.from_env({**URL, "SPOTTER_MAX_WAITING": "7"}).max_waiting == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [("REDIS_URL", ""), ("SPOTTER_MAX_WAITING", "many"), ("SPOTTER_RESULT_SECONDS", "1")],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        JobsSettings.from_env({**URL, name: value})


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "'' before the colon"),
        ("http://:pw@queue:6379", "'http' before the colon"),
        ("redis://", "no host"),
        ("redis://:pw@queue:port", "no address"),
        ("redis://:pw@queue/jobs", "'jobs', which is no number"),
        ("unix://app:pw@", "no path of a socket"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(url: str, said: str) -> None:
    with pytest.raises(SettingError, match=said) as raised:
        JobsSettings.from_env({"REDIS_URL": url})
    assert str(raised.value).startswith("REDIS_URL")
    assert "pw" not in str(raised.value).replace("password", "")


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("redis://app@queue:6379/0", "redis://app:p%40ss%2F%3A%25@queue:6379/0"),
        ("redis://queue", "redis://:p%40ss%2F%3A%25@queue"),
        ("unix://app@/s.sock?db=0", "unix://app:p%40ss%2F%3A%25@/s.sock?db=0"),
    ],
)
def test_the_password_comes_from_its_file(url: str, whole: str, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p@ss/:%\n")
    environ = {"REDIS_URL": url, "SPOTTER_REDIS_PASSWORD_FILE": str(file)}
    assert JobsSettings.from_env(environ).redis_url == whole


def test_no_password_file_leaves_the_address_alone() -> None:
    settings = JobsSettings.from_env({**URL, "SPOTTER_REDIS_PASSWORD_FILE": ""})
    assert settings.redis_url == URL["REDIS_URL"]


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff"])
def test_a_password_file_without_password_is_refused(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingError, match="SPOTTER_REDIS_PASSWORD_FILE"):
        JobsSettings.from_env(
            {"REDIS_URL": "redis://app@queue", "SPOTTER_REDIS_PASSWORD_FILE": str(file)}
        )


def test_two_passwords_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret")
    with pytest.raises(SettingError, match="give one"):
        JobsSettings.from_env({**URL, "SPOTTER_REDIS_PASSWORD_FILE": str(file)})
