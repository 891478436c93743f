"""One caller's connection to the API: it sends and asks, and writes everything into the history."""

import contextlib
import http.client
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deploy.chaos.history import History

PIPELINE = "zomato-rider"
BOUNDARY = "a-boundary-that-is-in-no-picture"
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; status 0: nothing did."""

    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> str:
        """Return the code of a problem, or the name of the trouble on the way."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else str(self.body)

    @property
    def retry_seconds(self) -> float:
        """Return how long to wait before the next try; callers here are impatient."""
        return min(1.0, float(self.headers.get("Retry-After") or 0.2)) if self.status else 0.2


class Caller:
    """Speaks HTTP on one connection that is kept and made anew where it broke. For one thread."""

    def __init__(self, port: int, history: History, *, name: str) -> None:
        self.name = name
        self._history = history
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request and read its answer, whatever happens on the way."""
        try:
            self._connection.request(method, path, body=body, headers=headers or {})
            answer = self._connection.getresponse()
            text = answer.read()
            if answer.headers.get_content_subtype().endswith("json"):
                return Answer(status=answer.status, body=json.loads(text), headers=answer.headers)
            return Answer(status=answer.status, body=text.decode(), headers=answer.headers)
        except (OSError, http.client.HTTPException) as error:
            with contextlib.suppress(OSError):
                self._connection.close()
            return Answer(status=0, body=type(error).__name__, headers={})

    def submit(
        self,
        picture: int,
        data: bytes,
        *,
        key: str | None = None,
        wait_seconds: int = 0,
        camera: str = "",
    ) -> Answer:
        """Send one picture."""
        path = f"/api/v1/jobs?pipeline={PIPELINE}" + (f"&camera={camera}" if camera else "")
        headers = {"Content-Type": "image/png"}
        if key:
            headers["Idempotency-Key"] = key
        if wait_seconds:
            headers["Prefer"] = f"wait={wait_seconds}"
        began = time.time()
        answer = self.ask("POST", path, data, headers)
        job = answer.body if answer.status in (200, 202) else None
        ids = [job["id"]] if job else []
        if answer.status == 422 and "job_id" in answer.body:  # taken, worked on, and found bad
            ids = [answer.body["job_id"]]
        self._note(began, answer, key, [picture], ids)
        if job:
            self._history.observe(job, picture)
        return answer

    def submit_batch(self, pictures: Sequence[int], data: Sequence[bytes], *, key: str) -> Answer:
        """Send many pictures in one request."""
        parts = [
            b'--%s\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n%s\r\n'
            % (BOUNDARY.encode(), one)
            for one in data
        ]
        body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Idempotency-Key": key,
        }
        began = time.time()
        answer = self.ask("POST", f"/api/v1/batches?pipeline={PIPELINE}", body, headers)
        ids = [item["id"] for item in answer.body["items"]] if answer.status == 202 else []
        self._note(began, answer, key, pictures, ids)
        return answer

    def look(self, job_id: str, picture: int | None, *, wait_seconds: float = 0) -> Answer:
        """Look a job up and write down how it stands."""
        wait = f"?wait={wait_seconds:g}" if wait_seconds else ""
        answer = self.ask("GET", f"/api/v1/jobs/{job_id}{wait}")
        if answer.status == 200:
            self._history.observe(answer.body, picture)
        elif answer.status == 404:
            self._history.note("observe", t=time.time(), id=job_id, state="unknown")
        return answer

    def look_at_batch(self, path: str, pictures: Sequence[int]) -> Answer:
        """Look a batch up and write down the jobs that have their end."""
        answer = self.ask("GET", path)
        if answer.status == 200 and answer.body["finished"]:
            for picture, item in zip(pictures, answer.body["items"], strict=True):
                if item["job"]:
                    self._history.observe(item["job"], picture)
        return answer

    def _note(
        self,
        began: float,
        answer: Answer,
        key: str | None,
        pictures: Sequence[int],
        ids: Sequence[str],
    ) -> None:
        self._history.note(
            "submit",
            t0=began,
            t1=time.time(),
            client=self.name,
            key=key,
            status=200 if ids else answer.status,
            code=answer.code if not ids else "",
            pictures=list(pictures),
            ids=list(ids),
            replayed=bool(answer.status and answer.headers.get("Idempotency-Replayed")),
        )
