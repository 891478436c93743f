"""Whose this request is: of a key, of a browser by its signed cookie, or of where it calls from.

`web.access` finds out who calls and puts the `Caller` here. On loopback everybody without a key
and without a cookie is the one owner `local`.
"""

from dataclasses import dataclass, replace

from flask import Response, g, request
from itsdangerous import BadSignature, Signer

from jobs.grants import Scope
from jobs.messages import Batch, Job, new_id
from web.addresses import group_address
from web.services import services

COOKIE = "spotter_owner"
COOKIE_SECONDS = 365 * 24 * 3600
LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, and what this caller may do.

    `grant` is the id of the key or of the signed-in browser, `name` what people call it; both are
    None for who needs neither. `is_confined`: sees its own jobs alone.
    """

    owner: str
    scopes: frozenset[Scope]
    grant: str | None = None
    name: str | None = None
    is_confined: bool = False

    @property
    def key(self) -> str | None:
        """Return the id of the key that was sent; None for a browser and for who needs none."""
        return None if self.owner.startswith("browser:") else self.grant

    def may(self, scope: Scope) -> bool:
        """Tell whether this caller may do what needs the scope; who runs the system may do all."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


def current_caller() -> Caller:
    """Return who makes this request; known in every view that needs a scope."""
    caller: Caller = g.caller
    return caller


def current_owner() -> str:
    """Return the owner of what this request makes and lists."""
    return current_caller().owner


def read_browser() -> str | None:
    """Return the id in the browser's cookie; None without one, and for one that we did not sign."""
    if "new_browser" in g:
        return str(g.new_browser)
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        return None
    try:
        return _signer().unsign(cookie).decode("ascii")
    except (BadSignature, UnicodeDecodeError):
        return None


def ensure_browser() -> str:
    """Make the browser an owner and see that its answer sets the cookie; for pages alone.

    Who has a key or is signed in stays the owner that it is. Returns the owner.
    """
    caller = current_caller()
    if caller.is_confined:
        return caller.owner
    browser = read_browser()
    if browser is None:
        browser = new_id()
        give_cookie(browser, COOKIE_SECONDS)
    g.caller = replace(caller, owner=f"browser:{browser}")
    return current_owner()


def give_cookie(browser: str, seconds: float) -> None:
    """See that the answer to this request sets the cookie of this browser, for so long."""
    g.new_browser = browser
    g.cookie_seconds = int(seconds)


def drop_cookie() -> None:
    """See that the answer to this request deletes the cookie."""
    g.cookie_dropped = True


def set_cookie(response: Response) -> Response:
    """Give a new browser its cookie, or take it away."""
    if g.get("cookie_dropped"):
        _write_cookie(response, "", 0)
    elif "new_browser" in g:
        _write_cookie(response, _signer().sign(g.new_browser).decode("ascii"), g.cookie_seconds)
    return response


def _write_cookie(response: Response, value: str, seconds: int) -> None:
    response.set_cookie(
        COOKIE,
        value,
        max_age=seconds,
        httponly=True,
        samesite="Lax",
        secure=bool(g.get("is_secure")),
    )


def is_visible(thing: Job | Batch | None) -> bool:
    """Tell whether this caller may see the job or batch.

    With keys that is its owner, and who runs the system. While access is open, whoever has its id.
    """
    if thing is None:
        return False
    caller = current_caller()
    return not caller.is_confined or caller.owner == thing.owner or caller.may(Scope.ADMIN)


def name_owner() -> str:
    """Name the owner of a request that needs no key: its browser, else where it calls from."""
    browser = read_browser()
    if browser is not None:
        return f"browser:{browser}"
    return _name_address(str(g.get("client_address", "")))


def _signer() -> Signer:
    return Signer(services().settings.secret, salt="spotter.owner")


def _name_address(address: str) -> str:
    """Name the owner that a network address stands for."""
    group = group_address(address)
    return LOCAL if group is None else f"address:{group}"
