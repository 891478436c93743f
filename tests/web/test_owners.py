"""Whose a request is: a browser's cookie, else where it calls from."""

import pytest
from flask.testing import FlaskClient

from jobs.grants import Scope
from tests.web.conftest import Make
from web.access import needs
from web.owners import COOKIE, current_owner, ensure_browser
from web.settings import Access


@pytest.fixture
def who(make_app: Make) -> FlaskClient:
    app = make_app(access=Access.OPEN)

    @app.get("/who")
    @needs(Scope.READ)
    def show_owner() -> str:
        return current_owner()

    @app.get("/page")
    @needs(Scope.READ)
    def show_page() -> str:
        ensure_browser()
        return current_owner()

    return app.test_client()


def ask(who: FlaskClient, address: str) -> str:
    answer = who.get("/who", environ_overrides={"REMOTE_ADDR": address})
    return answer.get_data(as_text=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", ""])
def test_on_loopback_everybody_without_a_cookie_is_one(who: FlaskClient, address: str) -> None:
    assert ask(who, address) == "local"


def test_elsewhere_an_address_is_an_owner(who: FlaskClient) -> None:
    assert ask(who, "192.168.1.5") == ask(who, "::ffff:192.168.1.5") == "address:192.168.1.5"
    assert ask(who, "2001:db8::1") == ask(who, "2001:db8::ffff") == "address:2001:db8::"


def test_a_page_makes_its_browser_an_owner_for_good(who: FlaskClient) -> None:
    first = who.get("/page")
    owner = first.get_data(as_text=True)
    assert owner.startswith("browser:")
    assert who.get("/page").get_data(as_text=True) == owner
    assert ask(who, "127.0.0.1") == owner
    flags = first.headers["Set-Cookie"]
    assert "HttpOnly" in flags
    assert "SameSite=Lax" in flags
    assert "Secure" not in flags


def test_over_tls_the_cookie_stays_there(who: FlaskClient) -> None:
    answer = who.get("/page", base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]


def test_a_known_browser_gets_no_new_cookie(who: FlaskClient) -> None:
    who.get("/page")
    assert "Set-Cookie" not in who.get("/page").headers


@pytest.mark.parametrize("forged", ["x", "local", "abc.def", "é.x", "." * 99])
def test_a_cookie_that_we_did_not_sign_is_nobody(who: FlaskClient, forged: str) -> None:
    who.set_cookie(COOKIE, forged)
    assert ask(who, "127.0.0.1") == "local"
    assert who.get("/page").get_data(as_text=True).startswith("browser:")


def test_an_altered_cookie_is_nobody(who: FlaskClient) -> None:
    value = who.get("/page").headers["Set-Cookie"].split("=", 1)[1].split(";")[0]
    who.set_cookie(COOKIE, "x" + value[1:] if value[0] != "x" else "y" + value[1:])
    assert ask(who, "127.0.0.1") == "local"
