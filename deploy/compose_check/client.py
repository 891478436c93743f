"""Plays the phones: sends one picture again and again and remembers every job that was accepted."""

import http.client
import json
import secrets
import threading
from contextlib import closing
from typing import Any

from deploy.compose_check.compose import ROOT, CheckFailed, wait_until

PICTURE = ROOT / "web" / "static" / "img" / "astronaut.jpg"
ANSWER = "human_detected, others"  # an astronaut is no delivery rider
FINAL = ("succeeded", "failed", "cancelled", "superseded", "expired")
JOBS = "/api/v1/jobs"


class Client:
    """Calls one Spotter on this machine."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.key = ""  # sent with every call, once there is one
        self._picture = PICTURE.read_bytes()

    def call(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Return status and JSON; status 0 where nobody answers.

        Names of headers are given with _ for -.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=35)
        with closing(connection):
            try:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                if self.key:
                    named["Authorization"] = f"Bearer {self.key}"
                connection.request(method, path, body, named)
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError):
                return 0, None

    def open_page(self, path: str, form: str = "", cookie: str = "") -> tuple[int, str, str]:
        """Ask as a browser does, with POST where there is a form.

        Returns status, text, and the cookie that was set.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=35)
        with closing(connection):
            headers = {"Cookie": cookie} if cookie else {}
            if form:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request("POST" if form else "GET", path, form or None, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, text, answer.getheader("Set-Cookie", "").partition(";")[0]

    def submit(self, *, wait_seconds: int = 0, key: str | None = None) -> tuple[int, Any]:
        """Send the picture."""
        headers = {"Content_Type": "image/jpeg", "Idempotency_Key": key or secrets.token_hex(8)}
        if wait_seconds:
            headers["Prefer"] = f"wait={wait_seconds}"
        return self.call("POST", f"{JOBS}?pipeline=zomato-rider", self._picture, **headers)

    def count_workers(self) -> int:
        """Return how many pool children are ready, -1 where no job can be accepted."""
        status, body = self.call("GET", "/readyz")
        return int(body["workers"]) if status == 200 else -1

    def await_workers(self, count: int) -> None:
        """Wait until exactly so many pool children are ready."""
        wait_until(lambda: self.count_workers() == count, f"{count} pool children ready", 90)

    def await_end(self, job_id: str) -> dict[str, Any]:
        """Wait for a job's end and return it.

        Raises:
            CheckFailed: the job is not known, which is what a lost job looks like.
        """

        def find() -> dict[str, Any] | None:
            status, job = self.call("GET", f"{JOBS}/{job_id}?wait=10")
            if status == 404:
                raise CheckFailed(f"LOST: the accepted job {job_id} is not known")
            return job if status == 200 and job["state"] in FINAL else None

        return wait_until(find, f"the end of job {job_id}", 120)


class Load:
    """Several senders at once, until told to stop; what is refused is sent again."""

    def __init__(self, client: Client, *, senders: int = 4, pause_seconds: float = 0.15) -> None:
        self.accepted: list[str] = []
        self.refused = 0
        self._client = client
        self._pause_seconds = pause_seconds
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(senders)]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        while not self._stop.is_set():
            key = secrets.token_hex(8)
            while not self._stop.is_set():
                # With its key a job whose answer got lost is accepted once all the same.
                status, job = self._client.submit(key=key)
                if status in (200, 202):
                    self.accepted.append(job["id"])
                    break
                self.refused += 1
                self._stop.wait(0.2)
            self._stop.wait(self._pause_seconds)

    def stop(self) -> list[str]:
        """Send nothing any more, and return the ids of what was accepted."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return self.accepted


def settle(client: Client, accepted: list[str]) -> int:
    """Wait until every accepted job has its one right answer, and see that it stays.

    Returns how many ran more than once.

    Raises:
        CheckFailed: one is lost, answered wrongly, or twice in different ways.
    """
    if len(set(accepted)) != len(accepted):
        raise CheckFailed("one job was handed out for two pictures")
    again = 0
    for job_id in accepted:
        job = client.await_end(job_id)
        if job["state"] != "succeeded" or job["outcome"]["text"] != ANSWER:
            raise CheckFailed(f"job {job_id} ended as {job['state']}: {job['error']}")
        again += job["attempts"] > 1
        if client.call("GET", f"{JOBS}/{job_id}")[1] != job:
            raise CheckFailed(f"the answer of job {job_id} has changed")
    return again
