"""Whose request this is: a browser by its signed cookie, else the caller by where it calls from.

Issued keys will come first here. On loopback everybody without a cookie is the one owner `local`.
"""

import ipaddress

from flask import Response, g, request
from itsdangerous import BadSignature, Signer

from jobs.messages import Job, new_id
from web.services import services

COOKIE = "spotter_owner"
COOKIE_SECONDS = 365 * 24 * 3600
LOCAL = "local"
# One household or company commonly holds a whole network of this size in IPv6.
IPV6_OWNER_BITS = 64


def current_owner() -> str:
    """Return the owner of what this request makes and lists."""
    browser = read_browser()
    if browser is not None:
        return f"browser:{browser}"
    return _name_address(str(g.get("client_address", "")))


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
    """Return the browser's id and see that its answer sets the cookie; for pages alone."""
    browser = read_browser()
    if browser is None:
        browser = g.new_browser = new_id()
    return browser


def set_cookie(response: Response) -> Response:
    """Give a new browser its cookie."""
    if "new_browser" in g:
        response.set_cookie(
            COOKIE,
            _signer().sign(g.new_browser).decode("ascii"),
            max_age=COOKIE_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=g.get("is_secure", False),
        )
    return response


def is_visible(job: Job | None) -> bool:
    """Tell whether this request may see the job: while access is open, whoever has its id may."""
    return job is not None


def _signer() -> Signer:
    return Signer(services().settings.secret, salt="spotter.owner")


def _name_address(address: str) -> str:
    """Name the owner that a network address stands for."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return LOCAL  # a Unix socket has no address
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    if ip.is_loopback:
        return LOCAL
    if ip.version == 6:
        ip = ipaddress.ip_network(f"{ip}/{IPV6_OWNER_BITS}", strict=False).network_address
    return f"address:{ip}"
