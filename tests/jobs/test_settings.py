"""A bad value stops the start and names its variable."""

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
