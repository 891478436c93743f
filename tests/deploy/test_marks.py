"""Text between marks."""

from pathlib import Path

import pytest

from deploy.errors import StackError
from deploy.marks import replace_between


def test_only_what_stands_between_the_marks_is_changed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb <!-- y:begin --><!-- y:end -->\n")
    replace_between(page, "x", r"new \1" + "\n")
    assert page.read_text() == (
        "a\n<!-- x:begin -->\nnew \\1\n<!-- x:end -->\nb <!-- y:begin --><!-- y:end -->\n"
    )


def test_a_page_without_its_marks_is_named(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(StackError, match="lacks the marks"):
        replace_between(page, "x", "new")
