"""Splits a multipart/form-data body (RFC 7578) that lies in memory whole.

The `multipart` package parses; not Werkzeug's parser, which takes ten times as long for a photo of
60 KB and writes large parts to temporary files. File names are not even kept.
"""

from dataclasses import dataclass

from multipart import MultipartSegment, ParserError, ParserLimitReached, PushMultipartParser

MOST_HEADER_BYTES = 4096


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
    if not boundary or not boundary.isascii():
        raise MultipartError("Content-Type names no boundary that can be used")
    parts: list[Part] = []
    try:
        with PushMultipartParser(
            boundary,
            content_length=len(body),
            max_header_size=MOST_HEADER_BYTES,
            max_segment_count=most_parts,
        ) as parser:
            name, chunks = "", list[bytes]()
            for event in parser.parse(body):
                if isinstance(event, MultipartSegment):
                    name, chunks = event.name, []
                elif event:
                    chunks.append(event)
                else:
                    parts.append(Part(name=name, data=b"".join(chunks)))
    except ParserLimitReached as error:
        raise TooManyParts(f"the form has more than {most_parts} parts") from error
    except (ParserError, UnicodeError) as error:
        raise MultipartError(f"{error}".rstrip(".").lower()) from error
    return parts
