"""What can go wrong with models and pictures: one small tree, standard library only.

Owns the error classes of `models` and the stable codes of a picture that cannot be classified.
Refuses to say anything about HTTP: `web` and `worker` translate codes into answers.
"""

from enum import StrEnum


class ModelError(Exception):
    """Anything that `models` refuses; its text says what was expected, what came, what to do."""


class CatalogueError(ModelError):
    """`pipelines.toml` is missing, malformed, or names something that does not exist."""


class ManifestError(ModelError):
    """A model's `manifest.toml` is missing or malformed."""


class ArtefactMismatch(ModelError):
    """A model file does not fit its manifest or its golden inputs and must not be used."""


class ImageCode(StrEnum):
    """Why a picture cannot be classified. Clients see these codes: they never change."""

    TRUNCATED = "image_truncated"
    DAMAGED = "image_damaged"
    TOO_LARGE = "image_too_large"
    UNSUPPORTED = "image_unsupported"


class ImageError(ModelError):
    """A picture that cannot be classified, with a stable `code` and a sentence for its sender."""

    def __init__(self, code: ImageCode, message: str) -> None:
        super().__init__(code, message)  # both in args, so that the error survives pickling
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message
