"""A misspelt setting is refused; what is no setting of ours is not looked at."""

import re

import pytest

from jobs.errors import SettingError
from jobs.names import SETTINGS, refuse_unknown
from tests.conftest import ROOT


def test_the_list_is_that_of_the_readme() -> None:
    rows = re.findall(r"^\| `(SPOTTER_[A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert set(rows) == SETTINGS


def test_every_setting_is_known() -> None:
    refuse_unknown(dict.fromkeys(SETTINGS, "x"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("SPOTTER_MAX_WAITNG", "of Spotter, SPOTTER_MAX_WAITING is one"),
        ("SPOTTER_CONCURRENCY", "of Spotter; README.md lists them"),
    ],
)
def test_a_name_that_is_none_is_refused(name: str, said: str) -> None:
    with pytest.raises(SettingError, match=re.escape(said)) as raised:
        refuse_unknown({"SPOTTER_DATA": "/data", name: "1"})
    assert str(raised.value).startswith(f"{name} is no setting of Spotter")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPOTTERS", "1"),
        ("spotter_x", "1"),
        ("SPOTTER_WEB_SERVICE_HOST", "10.0.0.1"),
        ("SPOTTER_WEB_SERVICE_PORT_HTTP", "80"),
        ("SPOTTER_WEB_PORT", "tcp://10.0.0.1:80"),
        ("SPOTTER_WEB_PORT_80_TCP_ADDR", "10.0.0.1"),
    ],
)
def test_what_others_name_alike_is_left_alone(name: str, value: str) -> None:
    refuse_unknown({name: value})
