"""What stands before and after every view: who may call by which name and from where, and headers.

Refuses host names that nobody configured (DNS rebinding makes a foreign page the same origin as an
open service on loopback) and requests that other sites make a browser send (CSRF).
"""

import ipaddress
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from web import access, owners
from web.addresses import is_within
from web.errors import Problem
from web.services import services

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Probes call by whatever address they find; these two tell nothing about anybody.
OPEN_PATHS = frozenset({"/healthz", "/readyz"})

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"

HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    # Not no-referrer: with it browsers send `Origin: null` with our own forms as well. This one
    # tells other sites just as little.
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
PERMISSIONS = "camera=(self), microphone=(), geolocation=()"


def register(app: Flask) -> None:
    """Put the checks before, and the headers after, every view."""
    app.before_request(begin)
    app.after_request(finish)


def begin() -> None:
    """Note who calls, and refuse what must not reach a view.

    Raises:
        Problem: the host name is not ours, another site is behind the request, or this caller may
            not have what is asked for.
        LedgerUnavailable: who calls cannot be found out now.
    """
    g.request_id = secrets.token_hex(8)
    note_client()
    if request.path not in OPEN_PATHS:
        check_host()
    # A key is no cookie: no site can make a browser add it.
    if request.method not in SAFE_METHODS and access.read_key() is None:
        check_site()
    access.check()


def note_client() -> None:
    """Find the caller's address and scheme; forwarded ones count only from a trusted proxy."""
    trusted = services().settings.trusted_proxies
    address = request.environ.get("REMOTE_ADDR", "")
    g.is_secure = request.environ.get("wsgi.url_scheme") == "https"
    if trusted and is_within(address, trusted):
        g.is_secure = request.headers.get("X-Forwarded-Proto", "").strip().lower() == "https"
        # Each proxy appends whom it saw: from the right, the first one that is no proxy of ours.
        for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
            if not hop.strip():
                continue
            address = hop.strip()
            if not is_within(address, trusted):
                break
    g.client_address = address


def check_host() -> None:
    """Refuse a Host that is not one of ours."""
    settings = services().settings
    name = _host_name(request.environ.get("HTTP_HOST", ""))
    if settings.any_host or name in settings.hosts:
        return
    # An address cannot be rebound, only a name can.
    if settings.bound_widely and _is_address(name):
        return
    raise Problem("host_unknown")


def _host_name(host: str) -> str:
    """Return the lower-case name or address in a Host header, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].rstrip(".").lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    name = _host_name(host)
    return name == "localhost" or (_is_address(name) and ipaddress.ip_address(name).is_loopback)


def check_site() -> None:
    """Refuse a changing request that another site made a browser send.

    Programs send neither header. Browsers send Sec-Fetch-Site to secure and loopback addresses,
    and Origin with every POST.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise Problem("cross_site")
        return
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.environ.get("HTTP_HOST"):
        raise Problem("cross_site")


def finish(response: Response) -> Response:
    """Add the headers that every answer carries."""
    headers = response.headers
    headers.extend((("X-Request-Id", g.get("request_id", "")), *HEADERS))
    if response.mimetype == "text/html":
        headers["Content-Security-Policy"] = PAGE_POLICY
        headers["Permissions-Policy"] = PERMISSIONS
    else:
        headers.setdefault("Content-Security-Policy", DATA_POLICY)
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    if g.get("is_secure"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    # Elsewhere browsers ignore it, and complain about it on every page.
    if g.get("is_secure") or _is_loopback(request.environ.get("HTTP_HOST", "")):
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return owners.set_cookie(response)
