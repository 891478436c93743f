"""One table of a TOML file, read entry by entry into checked values.

Owns the wording of a bad entry. Refuses entries that nobody asked for: a misspelt key is an error,
never a silent default.
"""

import re
from collections.abc import Mapping
from typing import TypeVar

from models.errors import ModelError

# Names become folder names and Redis keys: no separators, and nothing that climbs ("..").
SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")

Choice = TypeVar("Choice", bound=str)


class Table:
    """The entries of one TOML table; each accessor takes one entry out and checks it."""

    def __init__(self, entries: object, where: str, error: type[ModelError]) -> None:
        if not isinstance(entries, Mapping):
            raise error(f"{where}: expected a table, got {entries!r}")
        self._entries: dict[str, object] = dict(entries)
        self._where = where
        self._error = error

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def refuse(self, key: str, expected: str, got: object) -> ModelError:
        """Make the error for an entry that holds the wrong thing."""
        return self._error(f"{self._where}: {key} must be {expected}, got {got!r}")

    def refuse_rest(self) -> None:
        """Raise when entries are left that nobody took."""
        if self._entries:
            names = ", ".join(sorted(self._entries))
            raise self._error(f"{self._where}: nobody reads {names}; remove or correct it")

    def take(self, key: str) -> object:
        """Take an entry of any type."""
        if key not in self._entries:
            raise self._error(f"{self._where}: {key} is missing")
        return self._entries.pop(key)

    def take_all(self) -> dict[str, object]:
        """Take every entry that is left."""
        entries, self._entries = self._entries, {}
        return entries

    def text(self, key: str) -> str:
        """Take a text that is not empty."""
        value = self.take(key)
        if not isinstance(value, str) or not value.strip():
            raise self.refuse(key, "a text", value)
        return value

    def all_texts(self) -> dict[str, str]:
        """Take every entry that is left, each a text."""
        return {key: self.text(key) for key in list(self._entries)}

    def slug(self, key: str) -> str:
        """Take a name that is safe as a folder name."""
        value = self.text(key)
        if not SLUG.fullmatch(value):
            raise self.refuse(key, "a name of letters, digits, _ - and single dots", value)
        return value

    def choice(self, key: str, options: tuple[Choice, ...]) -> Choice:
        """Take one of the given texts."""
        value = self.take(key)
        for option in options:
            if value == option:
                return option
        raise self.refuse(key, "one of " + ", ".join(options), value)

    def number(self, key: str) -> float:
        """Take a number, whole or not."""
        return self._number(key, self.take(key))

    def whole_number(self, key: str) -> int:
        """Take a whole number."""
        value = self.take(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.refuse(key, "a whole number", value)
        return value

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        """Take a list of `count` numbers."""
        value = self.take(key)
        if not isinstance(value, list) or len(value) != count:
            raise self.refuse(key, f"a list of {count} numbers", value)
        return tuple(self._number(key, item) for item in value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of texts."""
        value = self.take(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.refuse(key, "a list of texts", value)
        return tuple(value)

    def table(self, key: str) -> "Table":
        """Take a table inside this one."""
        return Table(self.take(key), f"{self._where} [{key}]", self._error)

    def tables(self, key: str) -> "list[Table]":
        """Take a list of tables, which must not be empty."""
        value = self.take(key)
        if not isinstance(value, list) or not value:
            raise self.refuse(key, "one or more tables", value)
        return [
            Table(item, f"{self._where} [[{key}]] {number}", self._error)
            for number, item in enumerate(value, start=1)
        ]

    def _number(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refuse(key, "a number", value)
        return float(value)
