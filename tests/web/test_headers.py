"""The walks over heads agree with Pillow, and bear any bytes at all."""

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.web.hostile import CASES, photo, save
from web.headers import HeaderError, read_header, sniff

SIZES = [(1, 1), (7, 300), (640, 480), (1025, 3)]
WAYS = [
    ("JPEG", {}),
    ("JPEG", {"progressive": True}),
    ("JPEG", {"subsampling": 0, "optimize": True}),
    ("PNG", {}),
    ("WEBP", {}),
    ("WEBP", {"lossless": True}),
    ("WEBP", {"exif": b"Exif\0\0"}),
    ("GIF", {}),
    ("BMP", {}),
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("kind", "options"), WAYS)
def test_kind_and_size_are_what_pillow_reads(
    size: tuple[int, int], kind: str, options: dict[str, object]
) -> None:
    data = save(photo(*size), kind, **options)
    header = read_header(data)
    with Image.open(io.BytesIO(data)) as image:
        assert header is not None
        assert (header.kind, header.width, header.height) == (image.format, *image.size)


STARTS = [case.data for case in CASES if case.door != 413 and not case.name.endswith("_bomb.png")]


@given(start=st.sampled_from(STARTS), tail=st.binary(max_size=64), data=st.data())
def test_no_bytes_bring_the_walks_to_another_end(
    start: bytes, tail: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, min(len(start), 200)))
    with suppress(HeaderError):
        read_header(start[:at] + tail + start[at + len(tail) :])


@given(st.binary(max_size=200))
def test_what_is_no_picture_has_no_kind(data: bytes) -> None:
    if sniff(data) is None:
        assert read_header(data) is None
