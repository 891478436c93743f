"""How an operator's command reaches the queue of a Spotter that runs, and what it calls itself."""

from collections.abc import Mapping
from pathlib import Path

from jobs.errors import JobsError, LedgerUnavailable, SettingError
from jobs.ledger import Ledger
from jobs.secret_manager import reveal
from jobs.settings import JobsSettings

DATA = "var"  # where `make up` keeps its data unless told otherwise


class ConsoleError(JobsError):
    """A command cannot do its work; the text says why and what to do."""


def open_ledger(environ: Mapping[str, str]) -> Ledger:
    """Connect to the queue of REDIS_URL, else to the one that `make up` runs.

    Raises:
        ConsoleError: there is none, or it does not answer.
    """
    url = environ.get("REDIS_URL") or _read_line(_data(environ) / "queue" / "app.url")
    if not url:
        raise ConsoleError(
            f"no Spotter runs on the data folder {_data(environ)}: start one with `make up`, or "
            "set SPOTTER_DATA or REDIS_URL as they are set for the one that runs."
        )
    try:
        known = {**environ, "REDIS_URL": url}
        ledger = Ledger.connect(JobsSettings.from_env({**known, **reveal(known)}))
        ledger.ping()
    except (LedgerUnavailable, SettingError) as error:
        raise ConsoleError(f"{error}. Does Spotter run? `make up` starts it.") from error
    return ledger


def find_address(environ: Mapping[str, str]) -> str:
    """Return the address by which browsers reach Spotter, without a slash at its end."""
    given = environ.get("SPOTTER_ADDRESS") or _read_line(_data(environ) / "address")
    return (given or f"http://127.0.0.1:{environ.get('PORT') or 8080}").rstrip("/")


def _data(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("SPOTTER_DATA") or DATA).expanduser()


def _read_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
