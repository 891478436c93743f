"""How gunicorn serves `web.wsgi:app`; used by `make up` and by every image.

    gunicorn -c deploy/gunicorn.conf.py web.wsgi:app

gevent, since a few hundred slow or waiting connections must not hold up the others
(docs/decisions/0010-overload.md names the figures); how many there may be: web/connections.py.
"""

import os
from pathlib import Path

from gunicorn.http import wsgi

wsgi.SERVER = "spotter"  # there is no setting for this header, and versions are nobody's business

_host = os.environ.get("SPOTTER_HOST", "").strip("[]") or "127.0.0.1"
_port = os.environ.get("PORT") or "8080"
_processes = os.environ.get("SPOTTER_WEB_PROCESSES") or "1"
if not (_processes.isascii() and _processes.isdigit() and int(_processes) >= 1):
    raise SystemExit(
        f"web: SPOTTER_WEB_PROCESSES must be a whole number of at least 1, not {_processes!r}"
    )

bind = f"[{_host}]:{_port}" if ":" in _host else f"{_host}:{_port}"
worker_class = "web.connections.Worker"  # gevent, with limits on connections
workers = int(_processes)
backlog = 512
timeout = 30  # seconds without a turn of the event loop until the process is replaced
graceful_timeout = 2  # seconds; `make up` ends all in under 10
keepalive = 5  # seconds
limit_request_line = 4096  # bytes
limit_request_fields = 64
limit_request_field_size = 8190  # bytes
accesslog = None  # web logs each request itself, with its job and without its query
errorlog = "-"
loglevel = "warning"
control_socket_disable = True
# A heartbeat file on a slow disk would stall the event loop.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a private file
