"""The pulse of a pool child: every second it says that it lives and sweeps up after the dead.

Before each beat it does what else is due once a second and must not hold up a picture.
"""

import logging
import threading
from collections.abc import Callable

from jobs.errors import LedgerUnavailable
from jobs.ledger import Ledger
from jobs.messages import Worker

logger = logging.getLogger(__name__)


class Pulse:
    """Announces one worker to the ledger and rings the doorbells that its sweeps bring up."""

    def __init__(
        self,
        ledger: Ledger,
        describe: Callable[[], Worker],
        ring: Callable[[tuple[str, ...]], None],
        *,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._describe = describe
        self._ring = ring
        self._before = before
        self._closed = threading.Event()
        self._is_heard = True
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Announce the worker now and from now on."""
        self._thread.start()

    def retire(self) -> None:
        """Take the worker off the list, so that nobody counts on it."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)  # a beat after our farewell would announce us again
        self._beat(retiring=True)

    def _run(self) -> None:
        self._beat()
        while not self._closed.wait(self._ledger.settings.sweep_seconds):
            self._before()
            self._beat()

    def _beat(self, *, retiring: bool = False) -> None:
        try:
            self._ring(self._ledger.sweep(self._describe(), retiring=retiring))
        except LedgerUnavailable as error:
            if self._is_heard:  # once an outage, not once a second
                logger.warning("sweep_failed", extra={"error": str(error)})
            self._is_heard = False
        else:
            self._is_heard = True
