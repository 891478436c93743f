"""The environment of the web process; a value that cannot be used is named."""

import ipaddress
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jobs.errors import SettingError
from web.settings import SECRET_FILE, Access, WebSettings

SECRET = "x" * 32


def read(**environ: str) -> WebSettings:
    return WebSettings.from_env({"SPOTTER_SECRET": SECRET, **environ})


def test_loopback_names_and_the_bound_address_are_answered_to() -> None:
    assert read().hosts == {"localhost", "127.0.0.1", "::1"}
    assert read(SPOTTER_HOST="192.168.1.5").hosts >= {"localhost", "192.168.1.5"}
    assert not read().bound_widely


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]"])
def test_all_interfaces_are_no_name(host: str) -> None:
    assert read(SPOTTER_HOST=host).bound_widely
    assert read(SPOTTER_HOST=host).hosts == {"localhost", "127.0.0.1", "::1"}


def test_further_names_are_a_list() -> None:
    settings = read(SPOTTER_HOSTS="Spotter.example.org, gate.local")
    assert settings.hosts > {"spotter.example.org", "gate.local"}
    assert read(SPOTTER_HOSTS="*").any_host


def test_trusted_proxies_are_networks() -> None:
    settings = read(SPOTTER_TRUSTED_PROXIES="10.0.0.0/8 ::1")
    assert settings.trusted_proxies == (
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_network("::1/128"),
    )
    with pytest.raises(SettingError, match="SPOTTER_TRUSTED_PROXIES"):
        read(SPOTTER_TRUSTED_PROXIES="yes")


@pytest.mark.parametrize(
    ("environ", "access"),
    [
        ({}, Access.LOCAL),
        ({"SPOTTER_HOST": "127.0.0.1"}, Access.LOCAL),
        ({"SPOTTER_HOST": "[::1]"}, Access.LOCAL),
        ({"SPOTTER_HOST": "localhost"}, Access.LOCAL),
        ({"SPOTTER_HOST": "0.0.0.0"}, Access.KEYS),
        ({"SPOTTER_HOST": "::"}, Access.KEYS),
        ({"SPOTTER_HOST": "192.168.1.5"}, Access.KEYS),
        ({"SPOTTER_HOST": "gate.local"}, Access.KEYS),
        ({"SPOTTER_TRUSTED_PROXIES": "127.0.0.1"}, Access.KEYS),
        ({"SPOTTER_ACCESS": "keys"}, Access.KEYS),
        ({"SPOTTER_ACCESS": "open"}, Access.LOCAL),
        ({"SPOTTER_ACCESS": "open", "SPOTTER_HOST": "0.0.0.0"}, Access.OPEN),
        ({"SPOTTER_ACCESS": "open", "SPOTTER_TRUSTED_PROXIES": "127.0.0.1"}, Access.OPEN),
    ],
    ids=str,
)
def test_off_loopback_keys_are_needed_unless_told(environ: dict[str, str], access: Access) -> None:
    assert read(**environ).access is access


def test_another_kind_of_access_is_refused() -> None:
    with pytest.raises(SettingError, match="SPOTTER_ACCESS must be auto, open or keys"):
        read(SPOTTER_ACCESS="yes")


@pytest.mark.parametrize("name", ["SPOTTER_MAX_IMAGE_BYTES", "SPOTTER_MAX_BATCH_BYTES"])
@pytest.mark.parametrize("value", ["x", "-1", "0", "1e6", "1023"])
def test_a_limit_must_be_a_number_of_bytes(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        read(**{name: value})


def test_limits_are_read() -> None:
    assert read(SPOTTER_MAX_IMAGE_BYTES="2048").max_image_bytes == 2048
    assert read().max_image_bytes == 20 * 2**20
    assert read().max_batch_bytes == 32 * 2**20


def test_without_a_place_for_the_secret_nothing_starts() -> None:
    with pytest.raises(SettingError, match="SPOTTER_SECRET"):
        WebSettings.from_env({})


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(SettingError, match="SPOTTER_SECRET"):
        read(SPOTTER_SECRET="short")


def test_the_data_folder_keeps_one_secret_that_only_its_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    first = WebSettings.from_env({"SPOTTER_DATA": str(folder)})
    assert WebSettings.from_env({"SPOTTER_DATA": str(folder)}) == first
    assert len(first.secret) == 64
    assert stat.S_IMODE((folder / SECRET_FILE).stat().st_mode) == 0o600


def test_processes_that_start_together_agree_on_the_secret(tmp_path: Path) -> None:
    environ = {"SPOTTER_DATA": str(tmp_path)}
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: WebSettings.from_env(environ).secret, range(32)))
    assert len(found) == 1
    assert [path.name for path in tmp_path.iterdir()] == [SECRET_FILE]


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match="SPOTTER_DATA"):
        WebSettings.from_env({"SPOTTER_DATA": str(tmp_path / "file")})
