"""What the programs of a stack are told."""

from deploy.programs import make_web, make_worker
from deploy.settings import StackSettings

FILE = {"SPOTTER_REDIS_PASSWORD_FILE": "/run/secrets/password"}


def test_both_applications_are_told_the_same_queue() -> None:
    settings = StackSettings.from_env({"WORKERS": "3"})
    for program in (make_worker, make_web):
        environment = program(settings, "unix://app:pw@/q.sock", {}).environment
        assert environment["REDIS_URL"] == "unix://app:pw@/q.sock"
        assert environment["WORKERS"] == "3"


def test_a_password_file_goes_with_a_redis_that_was_given() -> None:
    url = "redis://app@127.0.0.1:6379/0"
    settings = StackSettings.from_env({"REDIS_URL": url, **FILE})
    assert make_web(settings, url, FILE).environment.items() >= FILE.items()


def test_a_password_file_is_not_meant_for_the_built_in_server() -> None:
    settings = StackSettings.from_env(FILE)
    environment = make_web(settings, "unix://app:pw@/q.sock", FILE).environment
    assert "SPOTTER_REDIS_PASSWORD_FILE" not in environment
