"""A whole Spotter for the browser: gunicorn and a Celery worker, on a real queue server."""

import http.client
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs.ledger import Ledger
from jobs.settings import JobsSettings
from tests.conftest import QueueServer
from tests.faults.fleet import ROOT, Fleet, wait_until

HOST = "spotter.test"  # a name that is not loopback: to browsers it is no secure context


def find_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass
class Web:
    """One gunicorn with `web.wsgi`, or another module that has an `app`."""

    url: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=find_port)
    module: str = "web.wsgi"
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Web":
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "web.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn"),
                    *("-c", "deploy/gunicorn.conf.py", f"{self.module}:app"),
                ],
                cwd=ROOT,
                env={
                    **os.environ,
                    "REDIS_URL": self.url,
                    "PORT": str(self.port),
                    "SPOTTER_DATA": str(self.folder),
                    "SPOTTER_HOSTS": HOST,
                    **self.environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self.is_ready, "web ready")
        return self

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "web.log").read_text()
        try:
            return self.request("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Ask as a program would; the status and the JSON, or the text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body=body, headers=names)
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, json.loads(text) if text[:1] in "{[" else text
        finally:
            connection.close()

    def submit(self, picture: bytes, wait: int = 20, **headers: str) -> dict[str, Any]:
        """Send a picture by the API and return the job; `wait` seconds for its end."""
        status, job = self.request(
            "POST",
            "/api/v1/jobs",
            picture,
            **{"Content-Type": "image/jpeg", **({"Prefer": f"wait={wait}"} if wait else {})},
            **headers,
        )
        assert status in (200, 202), job
        found: dict[str, Any] = job
        return found

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=10)


@dataclass
class BrowserStack:
    """Queue server, web and worker. The worker may be sent away and comes back."""

    queue: QueueServer
    web: Web
    worker: Fleet

    @property
    def address(self) -> str:
        return self.web.address

    def open_ledger(self) -> Ledger:
        return Ledger.connect(JobsSettings(redis_url=self.queue.url))

    def count_workers(self) -> int:
        workers: int = self.web.request("GET", "/readyz")[1]["workers"]
        return workers

    def send_worker_away(self) -> None:
        self.worker.stop()
        wait_until(lambda: self.count_workers() == 0, "no worker")

    def bring_worker_back(self) -> None:
        self.worker.start()
