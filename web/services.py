"""What every view needs, handed over once when the application is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from flask import current_app

from jobs.client import JobClient
from models.catalogue import Pipeline
from web.keyring import Keyring
from web.reuse import AnsweredPictures
from web.room import Room
from web.settings import WebSettings

EXTENSION = "spotter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The settings, the way to the ledger, who may call, the pipelines by slug, room for bodies.

    `answered` are pictures whose answer may be given again to callers who allow it.
    """

    settings: WebSettings
    client: JobClient
    keyring: Keyring
    pipelines: Mapping[str, Pipeline]
    room: Room
    answered: AnsweredPictures = field(default_factory=AnsweredPictures)


def services() -> Services:
    """Return the services of the application that handles this request."""
    return cast(Services, current_app.extensions[EXTENSION])
