"""Fetches pictures by address, politely: one at a time, with pauses, limits and checks.

Owns the manners (a pause between two requests to one host, few retries that obey Retry-After) and
the limits (size, type, time). What was fetched is kept, so that a second run asks nobody again.
Refuses everything but http and https. There is no search-engine client here on purpose: what an
image search finds has no clear licence, and the labels are a guess (favicons and logos came back
as persons).
"""

import hashlib
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPMessage
from pathlib import Path
from typing import IO

from models.training.datasets.entries import DatasetError

AGENT = "Spotter dataset builder (python -m models.training prepare)"
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_CHUNK_BYTES = 64 * 1024


class _StayOnTheWeb(urllib.request.HTTPRedirectHandler):
    """Follow redirects to http and https alone."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        _check_scheme(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@dataclass(slots=True, kw_only=True)
class Downloader:
    """Fetches files into a folder, one request at a time."""

    folder: Path
    pause_seconds: float = 1.0  # between two requests to one host
    timeout_seconds: float = 20.0
    attempts: int = 3
    max_bytes: int = 20 * 1024 * 1024
    sleep: Callable[[float], None] = time.sleep
    _asked: dict[str, float] = field(default_factory=dict)

    def fetch(self, address: str) -> Path:
        """Return the file with what the address holds; from the folder if it was fetched before.

        Raises:
            DatasetError: when it cannot be had, is no picture by its type, or is too large.
        """
        _check_scheme(address)
        file = self.folder / hashlib.sha256(address.encode()).hexdigest()[:32]
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            content = self._try(address)
            partial = file.with_suffix(".partial")
            partial.write_bytes(content)
            partial.replace(file)
        return file

    def _try(self, address: str) -> bytes:
        for attempt in range(1, self.attempts + 1):
            self._wait_for_turn(address)
            try:
                return self._ask(address)
            except urllib.error.HTTPError as error:
                if error.code not in _RETRIED or attempt == self.attempts:
                    raise DatasetError(f"{address}: answered {error.code}") from error
                wait = _read_retry_after(error.headers.get("Retry-After"))
                self.sleep(wait if wait is not None else 2.0**attempt)
            except (OSError, ValueError) as error:
                if attempt == self.attempts:
                    raise DatasetError(f"{address}: {error}") from error
                self.sleep(2.0**attempt)
        raise AssertionError("unreachable")

    def _wait_for_turn(self, address: str) -> None:
        host = urllib.parse.urlsplit(address).netloc
        due = self._asked.get(host, -1e9) + self.pause_seconds
        now = time.monotonic()
        if now < due:
            self.sleep(due - now)
        self._asked[host] = time.monotonic()

    def _ask(self, address: str) -> bytes:
        request = urllib.request.Request(address, headers={"User-Agent": AGENT})  # noqa: S310 (scheme checked)
        opener = urllib.request.build_opener(_StayOnTheWeb)
        with opener.open(request, timeout=self.timeout_seconds) as answer:
            kind = answer.headers.get_content_type()
            if not kind.startswith("image/") and kind != "application/octet-stream":
                raise DatasetError(f"{address}: is {kind}, expected a picture")
            if int(answer.headers.get("Content-Length") or 0) > self.max_bytes:
                raise DatasetError(f"{address}: larger than {self.max_bytes} bytes")
            content = bytearray()
            while chunk := answer.read(_CHUNK_BYTES):
                content += chunk
                if len(content) > self.max_bytes:
                    raise DatasetError(f"{address}: larger than {self.max_bytes} bytes")
            return bytes(content)


def _check_scheme(address: str) -> None:
    if urllib.parse.urlsplit(address).scheme not in ("http", "https"):
        raise DatasetError(f"{address}: expected an address that begins with http:// or https://")


def _read_retry_after(value: str | None) -> float | None:
    """Read the seconds that a server asks to wait, at most a minute."""
    try:
        return min(60.0, max(0.0, float(value))) if value else None
    except ValueError:
        return None
