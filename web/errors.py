"""A request that is refused, by a code of `web.problems`.

Knows nothing of requests: `web.answers` turns it into problem details (RFC 9457) or a page.
"""

from collections.abc import Mapping
from typing import Any

from web.problems import PROBLEMS


class Problem(Exception):
    """A request that is refused.

    `code` is a key of `PROBLEMS`; `detail` says what came and what to do; `headers` go on the
    answer; `extra` are further members of the problem details; `status` differs from the table
    only where a worker found what the door could not see.
    """

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.kind = PROBLEMS[code]
        self.code = code
        self.status = status or self.kind.status
        self.detail = detail or self.kind.advice
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})
        super().__init__(f"{code}: {self.detail}")

    def describe(self) -> dict[str, Any]:
        """Return the members of the problem details; `type` leads to the code on the API page."""
        return {
            "type": f"/api#{self.code}",
            "title": self.kind.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.extra,
        }
