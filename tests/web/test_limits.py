"""Rates by key and address: off on loopback, far above what people do, and there without Redis."""

import ipaddress
import os
import signal
import subprocess
import sys
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient

from jobs.client import JobClient
from jobs.grants import GrantStore, Scope
from jobs.settings import JobsSettings
from tests.conftest import ROOT, QueueServer
from tests.web.conftest import Make
from web.app import create_app
from web.limits import find_breach
from web.settings import Access, WebSettings

HERE, THERE = "198.51.100.7", "198.51.100.8"
JOBS = "/api/v1/jobs"


@pytest.fixture
def limited(make_app: Make) -> Flask:
    return make_app(access=Access.OPEN, rate_pictures=3, rate_requests=5)


def ask(app: Flask, address: str, path: str = "/api/v1/pipelines", **fields: object) -> FlaskClient:
    client = app.test_client(use_cookies=False)
    method = "POST" if "data" in fields else "GET"
    return client.open(path, method=method, environ_base={"REMOTE_ADDR": address}, **fields)


def test_over_the_rate_an_address_is_told_when_to_come_again(limited: Flask) -> None:
    answers = [ask(limited, HERE) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    refused = answers[-1]
    assert refused.get_json()["code"] == "rate_exceeded"
    assert refused.content_type == "application/problem+json"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit-Limit"] == "5"
    assert refused.headers["RateLimit-Remaining"] == "0"


def test_another_address_has_a_rate_of_its_own(limited: Flask) -> None:
    for _ in range(6):
        ask(limited, HERE)
    assert ask(limited, THERE).status_code == 200


def test_pictures_are_counted_apart(limited: Flask, photo: bytes) -> None:
    found = [ask(limited, HERE, JOBS, data=photo).status_code for _ in range(4)]
    assert found == [202] * 3 + [429]
    assert ask(limited, HERE).status_code == 200


def test_a_batch_counts_as_its_pictures_may_be(limited: Flask) -> None:
    answer = ask(limited, HERE, "/api/v1/batches", data=b"x" * 64 * 1024 * 4)
    assert answer.status_code == 429


def test_a_key_is_counted_wherever_it_calls_from(make_app: Make, client: JobClient) -> None:
    app = make_app(access=Access.KEYS, rate_requests=2)
    key = GrantStore(client.ledger.client).make_key("test", (Scope.READ,), 60)[1]
    headers = {"Authorization": f"Bearer {key}"}
    found = [ask(app, address, headers=headers).status_code for address in (HERE, THERE, HERE)]
    assert found == [200, 200, 429]


def test_this_machine_and_its_probes_are_not_counted(limited: Flask) -> None:
    assert {ask(limited, "127.0.0.1").status_code for _ in range(9)} == {200}
    assert {ask(limited, HERE, "/healthz").status_code for _ in range(9)} == {200}


def test_a_folder_of_500_and_ten_cameras_stay_below_the_rate() -> None:
    settings = WebSettings(secret="s" * 32)
    cameras_a_minute = 10 * 60  # a frame a second each
    assert settings.rate_pictures >= 2 * (500 + cameras_a_minute)
    assert settings.rate_requests >= 4 * settings.rate_pictures  # each is asked for until its end


def test_on_loopback_it_is_not_even_imported() -> None:
    code = "import sys, web.wsgi; print('flask_limiter' in sys.modules)"
    for host, expected in (("127.0.0.1", "False"), ("0.0.0.0", "True")):
        environ = {"REDIS_URL": "redis://127.0.0.1:1/0", "SPOTTER_SECRET": "s" * 32}
        environ |= {"PATH": os.environ["PATH"], "SPOTTER_HOST": host}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True
        )
        assert done.stdout.splitlines()[-1] == expected, done.stderr


def test_without_redis_each_process_counts_for_itself(own_queue_server: QueueServer) -> None:
    client = JobClient.connect(JobsSettings(redis_url=own_queue_server.url))
    app = create_app(WebSettings(secret="s" * 32, access=Access.OPEN, rate_requests=3), client)
    assert ask(app, HERE).status_code == 200
    assert own_queue_server.process is not None
    own_queue_server.process.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        found = [ask(app, HERE).status_code for _ in range(4)]
        assert time.monotonic() - started < 2, "a frozen Redis holds nobody up for long"
        assert found == [200, 200, 200, 429]
    finally:
        own_queue_server.process.send_signal(signal.SIGCONT)
        client.close()


def test_a_breach_that_cannot_be_looked_up_still_has_its_seconds() -> None:
    assert int(find_breach(None).headers["Retry-After"]) > 0


def test_behind_a_proxy_an_address_has_its_share_of_requests_at_once(make_app: Make) -> None:
    app = make_app(
        access=Access.OPEN,
        trusted_proxies=(ipaddress.ip_network("10.0.0.1"),),
        max_connections_per_address=1,
    )
    headers = {"X-Forwarded-For": HERE}
    held = ask(app, "10.0.0.1", headers=headers)
    refused = ask(app, "10.0.0.1", headers=headers)
    assert (held.status_code, refused.status_code) == (200, 429)
    assert refused.get_json()["code"] == "too_many_connections"
    other = ask(app, "10.0.0.1", headers={"X-Forwarded-For": THERE})
    assert other.status_code == 200
    held.close()
    assert ask(app, "10.0.0.1", headers=headers).status_code == 200
