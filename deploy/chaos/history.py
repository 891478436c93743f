"""The history of a run: one JSON line for everything that was sent, seen and broken.

Three kinds of lines (`op`), times are seconds since 1970 of this machine:

    submit   t0, t1, client, key, status, code, pictures, ids, replayed
             status 0: no answer came, so nobody knows whether the jobs were taken
    observe  t, id, state, answer (a digest of everything that must never change), content (a digest
             of what the models said), versions (of the models), picture, submitted, finished;
             state "unknown": 404
    poison   picture, order, code: this picture's jobs must fail by this code and no other
    version  t0, t1, model, version, sure: from t1 on it alone is used, if that is sure
    fault    t0, t1, name, error (why it could not be done, or "")
    books    t, accepted, ended                                         audit  t (the load is over)
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

FINAL = frozenset({"succeeded", "failed", "cancelled", "superseded", "expired"})
Entry = Mapping[str, Any]


class History:
    """Writes the lines and keeps a few counts for who watches. Safe for threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.accepted = 0
        self.refused = 0
        self.ended = 0
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()

    def note(self, op: str, **fields: Any) -> None:
        """Write one line."""
        line = json.dumps({"op": op, **fields}, separators=(",", ":"))
        with self._lock:
            self._file.write(line + "\n")
            if op == "submit":
                self.accepted += 0 if fields["replayed"] else len(fields["ids"])
                self.refused += fields["status"] >= 400
            elif op == "observe":
                self.ended += fields["state"] in FINAL

    def observe(self, job: Mapping[str, Any], picture: int | None = None) -> None:
        """Write down how a job was seen."""
        self.note("observe", t=time.time(), picture=picture, **read_job(job))

    def close(self) -> None:
        """Write everything out."""
        with self._lock:
            self._file.close()


def read_job(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the checker needs to know of a job's JSON."""
    is_final = job["state"] in FINAL
    fixed = {name: job[name] for name in ("state", "outcome", "error", "finished_at", "attempts")}
    return {
        "id": job["id"],
        "state": job["state"],
        "answer": _digest(fixed) if is_final else None,
        "content": _digest(_strip(job["outcome"])) if job["outcome"] else None,
        "versions": _list_versions(job["outcome"]) if job["outcome"] else "",
        "code": (job["error"] or {}).get("code"),
        "attempts": job["attempts"],
        "submitted": read_time(job["submitted_at"]),
        "finished": read_time(job["finished_at"]) if is_final else None,
    }


def _strip(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the times that a stage took: all else depends on the picture and the models."""
    stages = [
        {name: value for name, value in stage.items() if name != "milliseconds"}
        for stage in outcome["stages"]
    ]
    return {**outcome, "stages": stages}


def _list_versions(outcome: Mapping[str, Any]) -> str:
    return " ".join(f"{stage['model']}={stage['version']}" for stage in outcome["stages"])


def read_time(text: str) -> float:
    """Read an ISO time in UTC as seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def read_history(path: Path) -> Iterator[Entry]:
    """Yield the lines of a history, as dictionaries."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
