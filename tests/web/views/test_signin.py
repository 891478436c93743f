"""Signing a browser in by a link, staying known, and leaving."""

import io
import logging
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from jobs.grants import GrantStore, Scope
from tests.web.conftest import Make
from web.owners import COOKIE
from web.settings import Access

USUAL = (Scope.SUBMIT, Scope.READ)
STRICT = re.compile(r"""<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:""")


@pytest.fixture
def locked(make_app: Make) -> Flask:
    return make_app(access=Access.KEYS)


@pytest.fixture
def store(locked: Flask) -> GrantStore:
    store: GrantStore = locked.extensions["spotter"].keyring.store
    return store


@pytest.fixture
def stranger(locked: Flask) -> FlaskClient:
    return locked.test_client()


def sign_in(locked: Flask, store: GrantStore, *scopes: Scope, seconds: float = 3600) -> FlaskClient:
    browser = locked.test_client()
    token = store.make_link("anna", scopes or USUAL, seconds)
    answer = browser.post("/sign-in", data={"link": token})
    assert (answer.status_code, answer.location) == (303, "/")
    return browser


@pytest.mark.parametrize("path", ["/", "/webcam", "/jobs", "/jobs/" + "A" * 22, "/failed"])
def test_a_stranger_gets_a_page_that_says_what_to_do(stranger: FlaskClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert "Open the sign-in link" in answer.text
    assert "make key LINK=me" in answer.text
    assert not STRICT.search(answer.text)
    assert "Set-Cookie" not in answer.headers


def test_opening_a_link_uses_nothing_up(stranger: FlaskClient, store: GrantStore) -> None:
    token = store.make_link("anna", USUAL, 3600)
    for _ in range(2):
        page = stranger.get(f"/sign-in?link={token}")
        assert page.status_code == 200
        assert "<b>anna</b>" in page.text
        assert not STRICT.search(page.text)
        assert "Set-Cookie" not in page.headers


def test_a_link_signs_one_browser_in(locked: Flask, store: GrantStore) -> None:
    token = store.make_link("anna", USUAL, 3600)
    first, second = locked.test_client(), locked.test_client()
    assert first.post("/sign-in", data={"link": token}).status_code == 303
    assert first.get("/").status_code == 200
    assert "Sign out anna" in first.get("/").text
    again = second.post("/sign-in", data={"link": token})
    assert again.status_code == 410
    assert "This link is used up" in again.text
    assert second.get(f"/sign-in?link={token}").status_code == 410
    assert second.get("/").status_code == 401


@pytest.mark.parametrize("token", ["", "x", "%00", "a" * 3000])
def test_an_invented_link_signs_nobody_in(stranger: FlaskClient, token: str) -> None:
    assert stranger.post("/sign-in", data={"link": token}).status_code == 410
    assert stranger.get("/").status_code == 401


@pytest.mark.parametrize("path", ["/sign-in", "/sample"])
def test_a_small_form_takes_no_file_and_no_flood(make_app: Make, path: str) -> None:
    http = make_app().test_client()
    multipart = {"link": "x", "image": (io.BytesIO(bytes(100_000)), "a.jpg")}
    assert http.post(path, data=multipart).status_code == 400
    assert http.post(path, data={"link": "x" * 10_000}).status_code == 413
    many = "&".join(f"a{n}=1" for n in range(1000))
    form = "application/x-www-form-urlencoded"
    assert http.post(path, data=many, content_type=form).status_code == 400
    assert http.post(path, data=b"link=\xff", content_type=form).status_code == 400


def test_another_site_cannot_sign_a_browser_in_or_out(locked: Flask, store: GrantStore) -> None:
    token = store.make_link("anna", USUAL, 3600)
    evil = {"Origin": "https://evil.example"}
    answer = locked.test_client().post("/sign-in", data={"link": token}, headers=evil)
    assert answer.status_code == 403
    assert store.look_at_link(token)
    browser = sign_in(locked, store)
    assert browser.post("/sign-out", headers=evil).status_code == 403
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("base", ["http://localhost", "https://localhost"])
def test_the_cookie_is_out_of_reach_and_ends_with_the_sign_in(
    locked: Flask, store: GrantStore, base: str
) -> None:
    token = store.make_link("anna", USUAL, 3600)
    answer = locked.test_client().post("/sign-in", data={"link": token}, base_url=base)
    flags = answer.headers["Set-Cookie"]
    assert "HttpOnly" in flags
    assert "SameSite=Lax" in flags
    assert ("Secure" in flags) is base.startswith("https")
    assert 3590 <= int(flags.split("Max-Age=")[1].split(";")[0]) <= 3600


def test_the_pages_and_their_api_work_signed_in(
    locked: Flask, store: GrantStore, photo: bytes
) -> None:
    browser = sign_in(locked, store)
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    job = browser.post("/api/v1/jobs", data=photo, headers=own).get_json()
    for path in ("/", "/webcam", "/jobs", "/jobs.csv", f"/jobs/{job['id']}"):
        assert browser.get(path).status_code == 200
    assert job["id"] in browser.get("/jobs").text
    assert browser.post("/sample", data={"key": "k"}).status_code == 303
    evil = {"Origin": "https://evil.example"}
    assert browser.post("/api/v1/jobs", data=photo, headers=evil).status_code == 403


def test_two_browsers_of_one_name_are_two_owners(
    locked: Flask, store: GrantStore, photo: bytes
) -> None:
    first, second = sign_in(locked, store), sign_in(locked, store)
    job = first.post("/api/v1/jobs", data=photo).get_json()
    assert first.get(f"/jobs/{job['id']}").status_code == 200
    assert second.get(f"/jobs/{job['id']}").status_code == 404
    assert job["id"] not in second.get("/jobs").text


def test_a_cookie_that_was_altered_or_that_nobody_signed_in_is_a_stranger(
    locked: Flask, store: GrantStore, make_app: Make
) -> None:
    browser = sign_in(locked, store)
    cookie = browser.get_cookie(COOKIE)
    assert cookie is not None
    altered = locked.test_client()
    altered.set_cookie(COOKIE, "x" + cookie.value[1:] if cookie.value[0] != "x" else "y")
    assert altered.get("/").status_code == 401
    opened = make_app(access=Access.LOCAL).test_client()
    opened.get("/")  # a cookie of the time when access was open, signed with the same secret
    old = opened.get_cookie(COOKIE)
    assert old is not None
    late = locked.test_client()
    late.set_cookie(COOKIE, old.value)
    assert late.get("/").status_code == 401


def test_a_revoked_browser_is_a_stranger_again(locked: Flask, store: GrantStore) -> None:
    browser = sign_in(locked, store)
    locked.extensions["spotter"].keyring.revoke(store.list()[0].id)
    assert browser.get("/").status_code == 401


def test_signing_out_ends_it_here_and_there(locked: Flask, store: GrantStore) -> None:
    browser = sign_in(locked, store)
    cookie = browser.get_cookie(COOKIE)
    assert cookie is not None
    answer = browser.post("/sign-out")
    assert "Signed out" in answer.text
    assert browser.get_cookie(COOKIE) is None
    assert store.list() == []
    browser.set_cookie(COOKIE, cookie.value)
    assert browser.get("/").status_code == 401


def test_signing_in_again_leaves_nothing_behind(locked: Flask, store: GrantStore) -> None:
    browser = sign_in(locked, store)
    browser.post("/sign-in", data={"link": store.make_link("anna", USUAL, 3600)})
    assert len(store.list()) == 1
    assert "You are signed in" in browser.get("/sign-in").text


def test_the_operator_signs_in_as_such(locked: Flask, store: GrantStore) -> None:
    assert sign_in(locked, store).get("/failed").status_code == 403
    operator = sign_in(locked, store, Scope.ADMIN)
    assert operator.get("/failed").status_code == 200
    assert "/failed" in operator.get("/").text


def test_a_refusal_shows_code_as_code(locked: Flask, store: GrantStore) -> None:
    page = sign_in(locked, store, Scope.READ).get("/status").text
    assert "<code>admin</code>" in page
    assert "`" not in page


def test_an_address_without_a_page_still_leads_the_operator_on(
    locked: Flask, store: GrantStore
) -> None:
    assert 'href="/status"' in sign_in(locked, store, Scope.ADMIN).get("/nowhere").text
    assert 'href="/status"' not in sign_in(locked, store, Scope.READ).get("/nowhere").text


def test_no_token_and_no_cookie_is_logged(
    locked: Flask, store: GrantStore, caplog: pytest.LogCaptureFixture
) -> None:
    token = store.make_link("anna", USUAL, 3600)
    browser = locked.test_client()
    with caplog.at_level(logging.DEBUG):
        browser.get(f"/sign-in?link={token}")
        browser.post("/sign-in", data={"link": token})
        browser.get("/jobs")
    cookie = browser.get_cookie(COOKIE)
    assert cookie is not None
    told = repr([record.__dict__ for record in caplog.records])
    assert "/sign-in" in told
    assert token not in told
    assert cookie.value not in told
    assert cookie.value.split(".")[0] not in told
