"""Settings that Secret Manager holds, with a metadata server and a Secret Manager of the test's."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jobs.errors import SettingError
from jobs.secret_manager import reveal

SECRET = "/v1/projects/mine/secrets/spotter-cookie-secret/versions/latest:access"
TOKEN = "/computeMetadata/v1/instance/service-accounts/default/token"


class Google(BaseHTTPRequestHandler):
    """Answers as both servers do, and refuses whoever does not say what they ask for."""

    def do_GET(self) -> None:
        if self.path == TOKEN and self.headers["Metadata-Flavor"] == "Google":
            self.answer({"access_token": "t0ken", "expires_in": 3599})
        elif self.path == SECRET and self.headers["Authorization"] == "Bearer t0ken":
            self.answer({"payload": {"data": base64.b64encode(b"hush" * 8 + b"\n").decode()}})
        else:
            self.send_error(403)

    def answer(self, body: object) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def google() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Google) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_secret_takes_the_place_of_its_name(google: str) -> None:
    environ = {"SPOTTER_SECRET": "sm://mine/spotter-cookie-secret/latest", "PORT": "8080"}
    found = reveal(environ, metadata=google, secrets=google)
    assert found == {"SPOTTER_SECRET": "hush" * 8}


def test_without_such_a_name_nobody_is_asked() -> None:
    assert reveal({"SPOTTER_SECRET": "x"}, metadata="http://127.0.0.1:1") == {}


def test_a_secret_that_may_not_be_read_is_named(google: str) -> None:
    environ = {"REDIS_URL": "sm://mine/another/3"}
    with pytest.raises(SettingError, match=r"^REDIS_URL: Secret Manager does not give it.*403"):
        reveal(environ, metadata=google, secrets=google)


def test_outside_google_cloud_it_says_so() -> None:
    with pytest.raises(SettingError, match=r"^REDIS_URL: .* inside Google Cloud alone"):
        reveal({"REDIS_URL": "sm://mine/url/latest"}, metadata="http://127.0.0.1:1")


@pytest.mark.parametrize("name", ["sm://mine/x", "sm://mine/a/b/c", "sm://mine/../x/latest"])
def test_what_is_no_name_of_a_secret_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match="PROJECT/NAME/VERSION"):
        reveal({"REDIS_URL": name})
