"""Who may call by which name and from where, and what every answer carries."""

import ipaddress
from typing import Any

import pytest
from flask.testing import FlaskClient

from jobs.grants import Scope
from tests.web.conftest import Make
from web.access import needs
from web.settings import Access

JOBS = "/api/v1/jobs"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:9000", "[::1]:8080"])
def test_loopback_names_are_answered_to(http: FlaskClient, host: str) -> None:
    assert http.get(JOBS, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.0.0.1", "", "["])
def test_another_host_name_is_refused(http: FlaskClient, host: str) -> None:
    answer = http.get(JOBS, environ_overrides={"HTTP_HOST": host})
    assert answer.status_code == 421
    assert answer.get_json()["code"] == "host_unknown"


def test_probes_may_call_by_any_name(http: FlaskClient) -> None:
    assert http.get("/healthz", headers={"Host": "10.8.0.4"}).status_code == 200


def test_on_all_interfaces_addresses_are_answered_to_and_names_are_not(make_app: Make) -> None:
    http = make_app(bound_widely=True).test_client()
    assert http.get(JOBS, headers={"Host": "192.168.1.5:8080"}).status_code == 200
    assert http.get(JOBS, headers={"Host": "evil.example"}).status_code == 421


def test_configured_names_are_answered_to(make_app: Make) -> None:
    http = make_app(hosts=frozenset({"gate.local"})).test_client()
    assert http.get(JOBS, headers={"Host": "Gate.local."}).status_code == 200
    http = make_app(any_host=True).test_client()
    assert http.get(JOBS, headers={"Host": "whatever"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_another_site_cannot_change_anything(
    http: FlaskClient, photo: bytes, method: str, headers: dict[str, str]
) -> None:
    answer = http.open(JOBS, method=method, data=photo, headers=headers)
    assert answer.status_code == 403
    assert answer.get_json()["code"] == "cross_site"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
    ],
)
def test_programs_and_our_own_pages_can(
    http: FlaskClient, photo: bytes, headers: dict[str, str]
) -> None:
    assert http.post(JOBS, data=photo, headers=headers).status_code == 202


def test_another_site_may_send_its_readers_here(http: FlaskClient) -> None:
    assert http.get(JOBS, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_a_plain_address_elsewhere_gets_no_header_that_browsers_complain_about(
    http: FlaskClient,
) -> None:
    answer = http.get("/healthz", base_url="http://192.0.2.7")
    assert "Cross-Origin-Opener-Policy" not in answer.headers


def test_every_answer_carries_the_headers(http: FlaskClient) -> None:
    for path in (JOBS, "/healthz", "/api/v1/nothing", "/api"):
        headers = http.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert len(headers["X-Request-Id"]) == 16
        assert "Strict-Transport-Security" not in headers
    assert http.get(JOBS).headers["Cache-Control"] == "no-store"


def test_pages_may_open_the_camera_and_nothing_foreign(http: FlaskClient) -> None:
    headers = http.get("/api").headers
    assert headers["Permissions-Policy"] == "camera=(self), microphone=(), geolocation=()"
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def proxied(
    make_app: Make, peer: str, *, trusted: bool = True, **headers: str
) -> dict[str, object]:
    """Return what the application takes the caller for."""
    networks = (ipaddress.ip_network("10.0.0.0/8"),) if trusted else ()
    app = make_app(trusted_proxies=networks, access=Access.OPEN)
    found: dict[str, object] = {}

    @app.get("/who")
    @needs(Scope.READ)
    def who() -> str:
        from flask import g

        from web.owners import current_owner

        found.update(address=g.client_address, secure=g.is_secure, owner=current_owner())
        return ""

    names = {name.replace("_", "-"): value for name, value in headers.items()}
    app.test_client().get("/who", headers=names, environ_overrides={"REMOTE_ADDR": peer})
    return found


def test_a_forwarded_address_counts_behind_a_trusted_proxy(make_app: Make) -> None:
    found = proxied(
        make_app,
        "10.0.0.2",
        X_Forwarded_For="6.6.6.6, 8.8.8.8, 10.0.0.9",
        X_Forwarded_Proto="https",
    )
    assert found == {"address": "8.8.8.8", "secure": True, "owner": "address:8.8.8.8"}


def test_a_forwarded_address_from_anybody_else_does_not(make_app: Make) -> None:
    headers: Any = {"X_Forwarded_For": "127.0.0.1", "X_Forwarded_Proto": "https"}
    assert proxied(make_app, "8.8.8.8", **headers)["address"] == "8.8.8.8"
    assert proxied(make_app, "8.8.8.8", **headers)["secure"] is False
    assert proxied(make_app, "10.0.0.2", trusted=False, **headers)["address"] == "10.0.0.2"


def test_over_tls_browsers_are_told_to_stay_there(make_app: Make) -> None:
    app = make_app()
    answer = app.test_client().get("/healthz", base_url="https://localhost")
    assert "max-age" in answer.headers["Strict-Transport-Security"]
