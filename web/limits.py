"""What one caller may do in a minute, and at once: rates by flask-limiter, requests by count.

Off where everybody is this machine's own user. The rates are counted in Redis, so that all
processes count together; where Redis is away or silent each process counts for itself. A program
counts by its key, everybody else by the network address.
"""

import time
from typing import TYPE_CHECKING

import redis
from flask import Flask, Response, g, request

from jobs.connection import connect
from jobs.records import PREFIX
from web.addresses import group_address, is_within
from web.answers import answer_problem
from web.crowd import Crowd
from web.errors import Problem
from web.services import services
from web.settings import Access, WebSettings

if TYPE_CHECKING:
    from flask_limiter import RequestLimit

# A batch tells how many pictures it holds only when it is there whole; so many bytes count as one.
BATCH_PICTURE_BYTES = 64 * 1024
# How long a request may be held up by counting it: a silent Redis is then passed by.
COUNTING_SECONDS = 0.5
COUNTING_CONNECTIONS = 8
RETRY_SECONDS = 5


def register(app: Flask, settings: WebSettings, redis_url: str) -> None:
    """Count the requests of this application, where others than this machine's users call."""
    if settings.access is Access.LOCAL:
        return
    if settings.rate_pictures or settings.rate_requests:
        _count_rates(app, settings, redis_url)
    if settings.trusted_proxies:
        _count_at_once(app, settings)


def _count_rates(app: Flask, settings: WebSettings, redis_url: str) -> None:
    from flask_limiter import (
        ApplicationLimit,
        Limiter,
        RateLimitExceeded,
    )  # 0.3 s, which loopback need not wait for

    limits = []
    if settings.rate_pictures:
        limits.append(
            ApplicationLimit(
                f"{settings.rate_pictures}/minute",
                scope="pictures",
                exempt_when=lambda: is_exempt() or not is_submission(),
                cost=count_pictures,
            )
        )
    if settings.rate_requests:
        limits.append(
            ApplicationLimit(
                f"{settings.rate_requests}/minute",
                scope="requests",
                exempt_when=lambda: is_exempt() or is_submission(),
            )
        )
    pool = connect(
        redis_url, max_connections=COUNTING_CONNECTIONS, answer_seconds=COUNTING_SECONDS
    ).connection_pool
    limiter = Limiter(
        name_caller,
        app=app,
        application_limits=[*limits],
        storage_uri="redis://",  # the pool knows the place
        storage_options={"connection_pool": pool, "key_prefix": f"{PREFIX}limits"},
        strategy="fixed-window",
        in_memory_fallback_enabled=True,
    )
    app.register_error_handler(
        RateLimitExceeded, lambda _: answer_problem(find_breach(limiter.current_limit))
    )


def is_exempt() -> bool:
    """Tell whether this caller is not counted: this machine's own user, or a probe's path."""
    return name_caller() == "" or request.path in ("/healthz", "/readyz")


def name_caller() -> str:
    """Name who is counted: a key, else a network address; empty for this machine."""
    caller = g.get("caller")
    if caller is not None and caller.key is not None:
        return f"key:{caller.key}"
    group = group_address(str(g.get("client_address", "")))
    return f"address:{group}" if group else ""


def is_submission() -> bool:
    """Tell whether this request brings pictures."""
    return request.method == "POST"


def count_pictures() -> int:
    """Count what a request brings, before its body is read."""
    if not request.path.endswith("/batches"):
        return 1
    text = request.environ.get("CONTENT_LENGTH") or "0"
    length = int(text) if text.isascii() and text.isdigit() else 0
    most = services().settings.max_batch_pictures
    return max(1, min(most, length // BATCH_PICTURE_BYTES))


def find_breach(limit: "RequestLimit | None") -> Problem:
    """Say which rate was exceeded, and when its minute is over."""
    if limit is None:
        return Problem("rate_exceeded", headers={"Retry-After": str(RETRY_SECONDS)})
    most, minute = limit.limit.amount, limit.limit.get_expiry()
    try:
        wait = max(1, min(minute, limit.reset_at - int(time.time())))
    except (redis.RedisError, OSError):
        wait = minute
    return Problem(
        "rate_exceeded",
        f"At most {most} in {minute} s are taken from one key or address. Nothing was accepted: "
        f"try again in {wait} s.",
        headers={
            "Retry-After": str(wait),
            "RateLimit-Limit": str(most),
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": str(wait),
        },
        extra={"retry_after_seconds": wait},
    )


def _count_at_once(app: Flask, settings: WebSettings) -> None:
    """Behind a proxy, hold one address to its share of requests in hand: connections are shared."""
    crowd = Crowd(most=0, most_of_address=settings.max_connections_per_address)

    def begin() -> None:
        if not is_within(request.environ.get("REMOTE_ADDR", ""), settings.trusted_proxies):
            return  # came by a connection of its own, which is counted
        group = group_address(g.client_address)
        if not crowd.take(group):
            raise Problem(
                "too_many_connections", status=429, headers={"Retry-After": str(RETRY_SECONDS)}
            )
        g.counted_group = group

    def end(response: Response) -> Response:
        group = g.pop("counted_group", None)
        if group is not None:
            response.call_on_close(lambda: crowd.give_back(group))
        return response

    app.before_request(begin)
    app.after_request(end)
