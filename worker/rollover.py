"""Changing a model's version under a running child, between two pictures.

Owns which cascades the child uses now. Every second the pulse looks at what was chosen
(`jobs.versions`); a new version is loaded and tried beside the old one, in the pulse's thread, and
then takes its place for the next picture. A picture in hand keeps the cascade that it began with,
so no result mixes versions. A version that cannot be used is refused in the log, and the old one
goes on working: a fleet in which one machine lacks the file answers as before there.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from jobs.errors import LedgerUnavailable
from jobs.versions import Versions
from worker.recognise import Runs

logger = logging.getLogger(__name__)

# A refused version is tried again after this time: a mounted folder may have been filled since.
RETRY_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a child can do: a cascade a pipeline, and the version of each model in them.

    `lone`: the same cascades on several threads, for a picture beside which no other waits or runs.
    """

    cascades: Mapping[str, Runs]
    models: Mapping[str, str]
    lone: Mapping[str, Runs] = field(default_factory=dict)

    def choose(self, *, is_alone: bool) -> Mapping[str, Runs]:
        """Return the cascades for a picture that has, or has not, all cores to itself."""
        return self.lone if is_alone and self.lone else self.cascades


# Loads every pipeline; the argument (model to version) replaces what pipelines name.
Load = Callable[[Mapping[str, str]], Loaded]


class Rollover:
    """The cascades of one child, at the versions that were chosen as far as they can be used."""

    def __init__(self, load: Load, versions: Versions) -> None:
        """Load what was chosen, or else what the pipelines name.

        Raises:
            Exception: whatever `load` raises when even the pipelines' own versions fail.
        """
        self._load = load
        self._versions = versions
        self._refused: dict[tuple[str, str | None], float] = {}
        self._chosen = self._read_chosen() or {}  # those that are loaded
        self.loaded = self._load_first()

    def look(self) -> None:
        """Load what was chosen since the last look."""
        chosen = self._read_chosen()
        if chosen is None or chosen == self._chosen:
            return
        for model in self.loaded.models:  # others belong to no pipeline of ours
            wanted = chosen.get(model)
            if wanted != self._chosen.get(model) and not self._was_refused(model, wanted):
                self._switch(model, wanted)

    def _read_chosen(self) -> dict[str, str] | None:
        try:
            return self._versions.chosen()
        except LedgerUnavailable:  # the pulse says so already
            return None

    def _load_first(self) -> Loaded:
        if self._chosen:
            try:
                return self._load(self._chosen)
            except Exception as error:  # noqa: BLE001  a choice must not keep a worker from working
                _refuse(self._chosen, error)
                self._chosen = {}  # `look` tries them one by one
        return self._load({})

    def _switch(self, model: str, version: str | None) -> None:
        """Put one model's version in the place of the loaded one; None: the pipelines' own."""
        chosen = {**self._chosen, model: version}
        named = {name: wanted for name, wanted in chosen.items() if wanted is not None}
        try:
            self.loaded = self._load(named)
        except Exception as error:  # noqa: BLE001  the child works, and shall go on
            self._refused[model, version] = monotonic()
            _refuse({model: version}, error)
        else:
            self._chosen = named
            logger.info("version_switched", extra={"models": dict(self.loaded.models)})

    def _was_refused(self, model: str, version: str | None) -> bool:
        at = self._refused.get((model, version))
        return at is not None and monotonic() - at < RETRY_SECONDS


def _refuse(models: Mapping[str, str | None], error: Exception) -> None:
    logger.critical("version_refused", extra={"models": dict(models), "error": str(error)})
