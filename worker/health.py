"""A worker's health over HTTP, and its metrics, for who asks no other way: `SPOTTER_HEALTH_PORT`.

`/readyz`: the ledger saw a pool child of this host a moment ago, so the whole way is open: process,
models, network, Redis. `/healthz`: nothing is known against this worker. Only a ledger that answers
and has not seen any of its children for a minute counts against it: a worker must not be restarted
because Redis is away. Both are answered from memory, so that a Redis that hangs holds up no probe.
`/metrics` is read when it is asked for, one caller at a time.
"""

import logging
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from jobs.errors import JobsError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
FRESH_SECONDS = 6.0  # how long an answer of the ledger counts; it forgets a child after five
MISSED_SECONDS = 60.0  # models may take a while to load
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PATIENCE_SECONDS = 5.0  # for a caller who sends no request


class Health:
    """Looks at the ledger now and then, and answers at a port; nothing happens before `start`.

    `find_children` returns the names of this host's pool children that the ledger sees, `tell`
    Prometheus's text.
    """

    def __init__(
        self,
        find_children: Callable[[], list[str]],
        port: int,
        *,
        tell: Callable[[], str] = lambda: "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.port = port
        self._tell = tell
        self._telling = threading.Lock()
        self._find_children = find_children
        self._clock = clock
        self._seen_at = float("-inf")
        self._missed_since: float | None = None

    def start(self) -> None:
        """Look and answer from now on, in two threads that end with the process.

        Raises:
            OSError: the port is taken.
        """
        server = make_server(self)
        self.port = server.server_port
        threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
        threading.Thread(target=self._watch, name="health-watch", daemon=True).start()
        logger.info("health_port_open", extra={"port": self.port})

    def look(self) -> None:
        """Ask the ledger once."""
        now = self._clock()
        try:
            children = self._find_children()
        except JobsError:
            self._missed_since = None  # nothing is known about this worker
            return
        if children:
            self._seen_at, self._missed_since = now, None
        elif self._missed_since is None:
            self._missed_since = now

    def tell(self) -> str:
        """Return the worker's metrics as Prometheus reads them."""
        with self._telling:
            return self._tell()

    @property
    def is_ready(self) -> bool:
        """Tell whether a child was seen a moment ago."""
        return self._clock() - self._seen_at < FRESH_SECONDS

    @property
    def is_alive(self) -> bool:
        """Tell whether nothing speaks against this worker."""
        missed_since = self._missed_since
        return missed_since is None or self._clock() - missed_since < MISSED_SECONDS

    def _watch(self) -> None:
        while True:
            self.look()
            time.sleep(LOOK_SECONDS)


def make_server(health: Health) -> ThreadingHTTPServer:
    """Bind the port and return the server, which answers once it serves."""

    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE_SECONDS

        def do_GET(self) -> None:
            """Answer 200 or 503, and 404 for anything else."""
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, METRICS_TYPE, health.tell().encode())
                return
            answers = {"/healthz": health.is_alive, "/readyz": health.is_ready}
            is_well = answers.get(path)
            status = 404 if is_well is None else 200 if is_well else 503
            body = b'{"ok": true}' if status == 200 else b'{"ok": false}'
            self._answer(status, "application/json", body)

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response_only(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: a probe asks every few seconds."""

    server = ThreadingHTTPServer(("0.0.0.0", health.port), Handler)
    server.daemon_threads = True
    return server
