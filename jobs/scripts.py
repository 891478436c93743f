"""The ledger's Lua scripts: read from `lua/`, put behind the prelude, loaded where they lack."""

from functools import cache
from pathlib import Path
from typing import Any, Literal

import redis

from jobs.connection import Client

FOLDER = Path(__file__).parent / "lua"
Name = Literal["accept", "advance", "extend", "cancel", "sweep"]
NAMES: tuple[Name, ...] = ("accept", "advance", "extend", "cancel", "sweep")


@cache
def read_source(name: Name) -> str:
    """Return a script with the prelude between its first line (the flags) and its body."""
    flags, body = (FOLDER / f"{name}.lua").read_text().split("\n", 1)
    return f"{flags}\n{(FOLDER / 'prelude.lua').read_text()}\n{body}"


class Scripts:
    """The scripts by their SHA-1 on one server; a restarted server gets them again."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._digests: dict[Name, str] = {}

    def digest(self, name: Name) -> str:
        """Return the SHA-1 under which the server knows the script; load all on first use."""
        if not self._digests:
            self.load()
        return self._digests[name]

    def load(self) -> None:
        """Send every script to the server."""
        pipe = self._client.pipeline(transaction=False)
        for name in NAMES:
            pipe.script_load(read_source(name))
        digests = pipe.execute()
        self._digests = {
            name: digest.decode() if isinstance(digest, bytes) else digest
            for name, digest in zip(NAMES, digests, strict=True)
        }

    def run(self, name: Name, *arguments: Any) -> Any:
        """Run one script; load it and try once more if the server has forgotten it."""
        try:
            return self._client.evalsha(self.digest(name), 0, *arguments)
        except redis.exceptions.NoScriptError:
            self.load()
            return self._client.evalsha(self.digest(name), 0, *arguments)
