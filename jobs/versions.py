"""Which version of each model workers are to use: the operator's choice, kept beside the ledger.

A model that nobody chose a version for runs at the one that its pipeline names. Refuses to say
whether a version exists or works: only a worker can try that (`python -m worker.versions`).
"""

from collections.abc import Mapping
from typing import Any

from jobs.connection import Client, translated
from jobs.records import PREFIX

CHOSEN = f"{PREFIX}versions"
HISTORY_LENGTH = 20  # how many choices back a model can be rolled


class Versions:
    """The chosen versions; every method raises LedgerUnavailable where Redis does not answer."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def chosen(self) -> dict[str, str]:
        """Return model to version, of the models that a version was chosen for."""
        with translated():
            return _read(self._client.hgetall(CHOSEN))

    def history(self, model: str) -> list[str | None]:
        """List what was chosen before, the latest first; None is the pipeline's own version."""
        with translated():
            return [
                version.decode() or None for version in self._client.lrange(_before(model), 0, -1)
            ]

    def choose(self, model: str, version: str) -> None:
        """Have every worker use this version from now on, and remember the one before."""

        def write(pipe: Any) -> None:
            previous = pipe.hget(CHOSEN, model) or b""
            pipe.multi()
            pipe.lpush(_before(model), previous)
            pipe.ltrim(_before(model), 0, HISTORY_LENGTH - 1)
            pipe.hset(CHOSEN, model, version)

        with translated():
            self._client.transaction(write, CHOSEN)

    def take_back(self, model: str) -> bool:
        """Undo the latest choice; False where there is none to undo."""

        def write(pipe: Any) -> bool:
            previous = pipe.lindex(_before(model), 0)
            pipe.multi()
            if previous is None:
                return False
            pipe.lpop(_before(model))
            if previous:
                pipe.hset(CHOSEN, model, previous)
            else:
                pipe.hdel(CHOSEN, model)
            return True

        with translated():
            return bool(
                self._client.transaction(write, CHOSEN, _before(model), value_from_callable=True)
            )


def _before(model: str) -> str:
    return f"{PREFIX}versions:before:{model}"


def _read(record: Mapping[bytes, bytes]) -> dict[str, str]:
    return {model.decode(): version.decode() for model, version in record.items()}
