"""Text between two marks of a document: `<!-- NAME:begin -->` and `<!-- NAME:end -->`."""

import re
from pathlib import Path

from deploy.errors import StackError


def replace_between(page: Path, name: str, text: str) -> None:
    """Put a text between the marks of this name, and change nothing else.

    Raises:
        StackError: the page has lost its marks.
    """
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    found = page.read_text(encoding="utf-8")
    if begin not in found or end not in found:
        raise StackError(f"{page} lacks the marks {begin} and {end}.")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    page.write_text(
        pattern.sub(lambda _: f"{begin}\n{text.rstrip()}\n{end}", found, count=1), encoding="utf-8"
    )
