"""`/sign-in` and `/sign-out`: a link makes a browser known; the page says what to do without one.

Opening the link uses nothing up, since messengers and scanners open links too: the button does.
"""

from flask import Blueprint, Response, current_app, g, redirect, render_template, request

from jobs.grants import Grant
from web import owners
from web.access import open_to_all
from web.arrivals import read_small_form
from web.services import services

bp = Blueprint("signin", __name__)


@bp.get("/sign-in")
@open_to_all
def show_sign_in() -> Response:
    """Offer to use a sign-in link, or say how to come by one."""
    token = request.args.get("link", "")
    if not token:
        return _show("here" if _has_grant() else "stranger")
    invitation = services().keyring.store.look_at_link(token)
    if invitation is None:
        return _show("spent", status=410)
    return _show("ready", token=token, invitation=invitation)


@bp.post("/sign-in")
@open_to_all
def sign_in() -> Response:
    """Use a link up: this browser is known from now on, as an owner of its own."""
    keyring = services().keyring
    grant = keyring.store.take_link(read_small_form(request).get("link", ""))
    if grant is None:
        return _show("spent", status=410)
    if _has_grant() and (before := owners.read_browser()):
        keyring.revoke(before)
    owners.give_cookie(grant.id, _seconds_left(grant))
    return current_app.make_response(redirect("/", code=303))


@bp.post("/sign-out")
@open_to_all
def sign_out() -> Response:
    """Forget this browser, here and there."""
    if _has_grant() and (browser := owners.read_browser()):
        services().keyring.revoke(browser)
        g.caller = None
    owners.drop_cookie()
    return _show("left")


def _has_grant() -> bool:
    browser = owners.read_browser()
    return browser is not None and services().keyring.find_browser(browser) is not None


def _seconds_left(grant: Grant) -> float:
    return (grant.expires_ms - services().keyring.store.now_ms()) / 1000


def _show(state: str, *, status: int = 200, **more: object) -> Response:
    page = render_template("pages/sign_in.html", state=state, **more)
    return Response(page, status, content_type="text/html; charset=utf-8")
