"""The connections of one web process: gunicorn's gevent worker, with the limits that it lacks.

`deploy/gunicorn.conf.py` names `Worker`. It caps connections, all together and of one address,
gives a head and each piece of an answer their time, and writes what gunicorn itself refuses in the
form of all our refusals. gunicorn's master imports this before anything is patched, so nothing here
may import more of the application at its top than tables and counters.
"""

import json
import logging
import resource
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent import socket
from gunicorn.http import errors as parsing
from gunicorn.workers.ggevent import GeventWorker

from web.crowd import OF_ADDRESS, Crowd, Visitor
from web.errors import Problem
from web.patience import HEAD_SECONDS, LINGER_SECONDS, SEND_SECONDS

logger = logging.getLogger(__name__)

SPARE = 128  # connections over the limit that may be told so at once
OTHER_FILES = 200  # descriptors for all that is no connection: Redis, logs, static files
RETRY_SECONDS = 5

STATUS: tuple[tuple[type[Exception], int], ...] = (
    (parsing.LimitRequestLine, 414),
    (parsing.LimitRequestHeaders, 431),
    (parsing.UnsupportedTransferCoding, 501),
    (parsing.ExpectationFailed, 417),
)


class GivenUp(Exception):
    """This connection asked for nothing and made room for another."""


class SlowHead(Exception):
    """The head of a request did not come in time."""


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types
    """One web process."""

    def run(self) -> None:
        """Serve until told to stop."""
        from web.services import EXTENSION  # and Flask with it: here all is patched

        settings = self.wsgi.extensions[EXTENSION].settings
        most = min(settings.max_connections, allow_files(settings.max_connections))
        if most < settings.max_connections:
            logger.warning("few_file_descriptors", extra={"connections": most})
        self._crowd = Crowd(
            most=most,
            most_of_address=settings.max_connections_per_address,
            proxies=settings.trusted_proxies,
        )
        self._visitors: dict[Any, Visitor] = {}
        self._refusals = Tally("connection_refused")
        self.worker_connections = most + SPARE
        super().run()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve one connection to its end."""
        greenlet = gevent.getcurrent()
        visitor = Visitor(
            address=addr[0] if isinstance(addr, tuple) else "",
            give_up=lambda: greenlet.kill(GivenUp(), block=False),
        )
        limit = self._crowd.enter(visitor)
        if limit:
            self._refusals.note(limit=limit)
            refuse_connection(client, limit)
            return
        self._visitors[greenlet] = visitor
        try:
            if self._await_bytes(client):
                super().handle(listener, client, addr)
        finally:
            del self._visitors[greenlet]
            self._crowd.leave(visitor)

    def _await_bytes(self, client: Any) -> bool:
        """Wait for the first byte of a connection; browsers open some that they never use."""
        try:
            socket.wait_read(client.fileno(), timeout=self.cfg.keepalive, timeout_exc=SlowHead())
        except (SlowHead, GivenUp):
            client.close()
            return False
        return True

    def timeout_ctx(self) -> Any:
        """Give the next head its time. Behind an answer silence is no fault: nothing is said."""
        if self._visitors[gevent.getcurrent()].has_asked:
            return super().timeout_ctx()
        return gevent.Timeout(HEAD_SECONDS, SlowHead())

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Answer one request."""
        visitor = self._visitors[gevent.getcurrent()]
        self._crowd.begin(visitor)
        sock.settimeout(SEND_SECONDS)
        try:
            super().handle_request(listener_name, req, sock, addr)
        except TimeoutError as error:
            logger.info("reader_too_slow")
            raise StopIteration from error  # gunicorn's word for: close it
        finally:
            self._crowd.end(visitor)
        gevent.sleep(0)  # a turn for the others before what was sent without waiting for the answer

    def handle_error(self, _req: Any, client: Any, _addr: Any, exc: BaseException) -> None:
        """Say what was wrong with a request that never reached the application."""
        if isinstance(exc, GivenUp | gevent.GreenletExit):
            return
        problem = find_problem(exc)
        if problem.code == "internal":
            logger.error("unexpected_error", exc_info=exc)
        else:
            logger.info("request_refused", extra={"code": problem.code, "status": problem.status})
        write_problem(client, problem)


class Tally:
    """Logs an event at most once a second, with how many there were: a flood writes no log."""

    def __init__(self, event: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._event, self._clock = event, clock
        self._count, self._told = 0, float("-inf")

    def note(self, **fields: object) -> None:
        """Count one, and log it where the last line is a second old."""
        self._count += 1
        if self._clock() - self._told >= 1.0:
            logger.warning(self._event, extra={"count": self._count, **fields})
            self._count, self._told = 0, self._clock()


def allow_files(connections: int) -> int:
    """Raise this process's limit of open files as far as it may; return the connections it fits."""
    needed = connections + SPARE + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return connections
    return max(1, min(connections, soft - SPARE - OTHER_FILES))


def find_problem(error: BaseException) -> Problem:
    """Find the problem for what gunicorn raised before the application was asked."""
    if isinstance(error, SlowHead):
        return Problem("request_too_slow")
    if not isinstance(error, parsing.ParseException):
        return Problem("internal")
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 400)
    return Problem("request_malformed", status=status)


def refuse_connection(client: Any, limit: str) -> None:
    """Tell a connection over the limit so, and close it when that has been read."""
    wait = {"Retry-After": str(RETRY_SECONDS)}
    if limit == OF_ADDRESS:
        problem = Problem("too_many_connections", status=429, headers=wait)
    else:
        problem = Problem("too_many_connections", headers=wait)
    write_problem(client, problem)
    try:
        # Closed with bytes unread, a connection is reset, and its end may never see the answer.
        client.shutdown(socket.SHUT_WR)
        client.settimeout(LINGER_SECONDS)
        with gevent.Timeout(LINGER_SECONDS, False):
            while client.recv(65536):
                pass
    except OSError:
        pass
    finally:
        client.close()


def write_problem(client: Any, problem: Problem) -> None:
    """Write a whole answer with problem details; who has gone does not get it."""
    body = json.dumps(problem.describe()).encode()
    lines = [
        f"HTTP/1.1 {problem.status} {problem.kind.title}",
        "Server: spotter",
        "Connection: close",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        *(f"{name}: {value}" for name, value in problem.headers.items()),
    ]
    try:
        client.settimeout(LINGER_SECONDS)
        client.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
    except OSError:
        pass
