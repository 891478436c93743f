"""Who may have what: a view names the scope that it needs; one that names none is the operator's.

On loopback everything is open. Elsewhere the API needs a key and the pages a browser that is
signed in, unless SPOTTER_ACCESS=open. What it costs: nothing on loopback, else a signature or a
SHA-256, and one question to Redis in a few seconds (web.keyring).
"""

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, g, request

from jobs.errors import LedgerUnavailable
from jobs.grants import Grant, Scope
from web.access_log import note
from web.addresses import is_loopback
from web.errors import Problem
from web.owners import Caller, name_owner, read_browser
from web.services import services
from web.settings import Access

View = TypeVar("View", bound=Callable[..., Any])

ALL_SCOPES = frozenset(Scope)
OPEN_SCOPES = frozenset({Scope.SUBMIT, Scope.READ})
_needed: dict[Any, Scope | None] = {}  # by view; None: open to all


def needs(scope: Scope) -> Callable[[View], View]:
    """Mark a view: it answers callers with this scope."""

    def mark(view: View) -> View:
        _needed[view] = scope
        return view

    return mark


def open_to_all(view: View) -> View:
    """Mark a view that answers everybody: it tells nothing about anybody."""
    _needed[view] = None
    return view


def find_need(app: Flask, endpoint: str) -> Scope | None:
    """Return the scope that an endpoint needs, None for one that is open to all."""
    return None if endpoint == "static" else _needed.get(app.view_functions[endpoint], Scope.ADMIN)


def register(app: Flask) -> None:
    """Tell the templates who looks at them."""
    app.context_processor(
        lambda: {
            "caller": g.get("caller"),
            "keys_needed": services().settings.access is Access.KEYS,
        }
    )


def check() -> None:
    """Find out who calls, and refuse who may not have what is asked for.

    Raises:
        Problem: there is no usable key, the browser is not signed in, or the scope is not theirs.
        LedgerUnavailable: it cannot be found out now.
    """
    # Without an endpoint the router's own refusal comes next; its page names the pages of a caller.
    needed = find_need(current_app, request.endpoint) if request.endpoint else None
    if needed is None:
        with contextlib.suppress(Problem, LedgerUnavailable):
            g.caller = identify(needed)
        return
    caller = identify(needed)
    if caller is None:
        raise Problem("key_missing", headers=_challenge())
    g.caller = caller
    if caller.key is not None:
        note(key=caller.key)
    if not caller.may(needed):
        raise Problem(
            "scope_missing",
            f"This needs the scope `{needed}`: ask whoever runs this Spotter for it.",
            headers=_challenge(f'error="insufficient_scope", scope="{needed}"'),
        )


def identify(needed: Scope | None) -> Caller | None:
    """Return who calls; None for who needs a key or a sign-in and has none.

    Raises:
        Problem: a key was sent that cannot be used.
        LedgerUnavailable: Redis does not answer.
    """
    text = read_key()
    if text is not None:
        grant = services().keyring.find_key(text)
        if grant is None:
            raise Problem("key_unknown", headers=_challenge('error="invalid_token"'))
        return _confine(grant)
    match _find_openness():
        case Access.LOCAL:
            return Caller(owner=name_owner(), scopes=ALL_SCOPES)
        case Access.OPEN:
            grant = _find_browser() if needed is Scope.ADMIN else None
            scopes = OPEN_SCOPES | (grant.scopes if grant else frozenset())
            return Caller(owner=name_owner(), scopes=scopes)
        case _:
            grant = _find_browser()
            return _confine(grant) if grant else None


def read_key() -> str | None:
    """Return what was sent as a key, usable or not; None where nothing was."""
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return text.strip()
    return request.headers.get("X-API-Key")


def _confine(grant: Grant) -> Caller:
    return Caller(
        owner=grant.owner,
        scopes=grant.scopes,
        grant=grant.id,
        name=grant.name,
        is_confined=True,
    )


def _find_browser() -> Grant | None:
    browser = read_browser()
    return services().keyring.find_browser(browser) if browser else None


def _find_openness() -> Access:
    """Return how open this request is: who comes from elsewhere is no user of this machine."""
    access = services().settings.access
    if access is Access.LOCAL and not is_loopback(request.environ.get("REMOTE_ADDR", "")):
        return Access.KEYS
    return access


def _challenge(more: str = "") -> dict[str, str]:
    return {"WWW-Authenticate": f'Bearer realm="spotter"{", " if more else ""}{more}'}
