"""Reads what the head of a picture tells, without any image library and without one pixel.

Five formats, each by its own short walk over the bytes: type, width, height, and whether the
structure reaches the pixels at all. A walk is bounded by `MOST_BLOCKS`, because a file can be made
of a million tiny blocks and the web process has one thread of Python for everybody. Whether the
pixels are sound is found by the worker, in a process that may die.
"""

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

# Phone cameras write some 20 segments, scanners with long colour profiles some 60.
MOST_BLOCKS = 1000

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
BMP_HEADER_SIZES = (12, 40, 52, 56, 64, 108, 124)


class HeaderError(Exception):
    """The head cannot be read; `code` is a code of `web.errors`, the text a sentence about it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureHeader:
    """What the head says; sizes are pixels of the whole canvas."""

    kind: str
    width: int
    height: int


def sniff(data: bytes) -> str | None:
    """Name the format by the first bytes, or None for anything but the five that are taken."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(PNG_SIGNATURE):
        return "PNG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith(b"BM") and data[14:18] in _BMP_MARKS:
        return "BMP"
    return None


_BMP_MARKS = tuple(struct.pack("<I", size) for size in BMP_HEADER_SIZES)


def read_header(data: bytes) -> PictureHeader | None:
    """Return the header of a picture, or None where the bytes are of no format that is taken.

    Raises:
        HeaderError: the first bytes promise a format and the rest does not keep it.
    """
    kind = sniff(data)
    if kind is None:
        return None
    try:
        width, height = _WALKS[kind](data)
    except (struct.error, IndexError):
        raise _truncated(kind) from None
    if width <= 0 or height <= 0:
        raise HeaderError(
            "image_damaged", f"This {kind} says that it is {width} x {height} pixels: it is empty."
        )
    return PictureHeader(kind=kind, width=width, height=height)


def has_many_scans(data: bytes, most: int) -> bool:
    """Tell whether a JPEG has more than `most` scans, or more segments than are walked over.

    What follows its end does not count: phones append a video, which holds such bytes by chance.
    """
    if data.count(_SCAN) <= most:
        return False
    at, scans = 2, 0
    for _ in range(MOST_BLOCKS):
        found = _MARKER.search(data, at)
        if found is None or found.group() == b"\xff\xd9":
            return False
        scans += found.group() == _SCAN
        if scans > most:
            return True
        has_length = found.group() != b"\xff\x01"
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2]) * has_length
    return True


_SCAN = b"\xff\xda"
# Between the segments 0xFF is followed by 0x00, a restart marker or another 0xFF (ITU T.81, B.1.1).
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def _truncated(kind: str) -> HeaderError:
    return HeaderError(
        "image_truncated", f"This {kind} ends before its pixels begin: send the whole file."
    )


def _damaged(kind: str, what: str) -> HeaderError:
    return HeaderError("image_damaged", f"This {kind} is damaged ({what}): save it again.")


def _too_complex(kind: str) -> HeaderError:
    return HeaderError(
        "image_too_complex",
        f"This {kind} has more than {MOST_BLOCKS} blocks before its pixels: save it again.",
    )


def _walk_jpeg(data: bytes) -> tuple[int, int]:
    """Follow the marker segments to the frame header (ITU T.81, B.1 and B.2.2)."""
    at = 2
    size: tuple[int, int] | None = None
    for _ in range(MOST_BLOCKS):
        if data[at] != 0xFF:
            raise _damaged("JPEG", "a marker is missing")
        at += 1
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        if marker == 0xDA:  # start of scan: the pixels begin here
            if size is None:
                raise _damaged("JPEG", "its size is missing")
            return size
        if marker == 0xD9:
            raise _truncated("JPEG")
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # without a length
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 1)
        if length < 2:
            raise _damaged("JPEG", "a segment has no length")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a frame header
            height, width = struct.unpack_from(">HH", data, at + 4)
            size = (width, height)
        at += 1 + length
    raise _too_complex("JPEG")


def _walk_png(data: bytes) -> tuple[int, int]:
    """Read IHDR with its checksum, then look for the first IDAT (PNG, 3rd edition, 5.3)."""
    length, name = struct.unpack_from(">I4s", data, 8)
    if name != b"IHDR" or length != 13:
        raise _damaged("PNG", "its first chunk is not IHDR")
    width, height, checksum = struct.unpack_from(">II5xI", data, 16)
    if zlib.crc32(data[12:29]) != checksum:
        raise _damaged("PNG", "the checksum of IHDR is wrong")
    at = 33
    for _ in range(MOST_BLOCKS):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"IDAT":
            return width, height
        if name == b"IEND":
            raise _damaged("PNG", "it has no pixels")
        at += 12 + length
    raise _too_complex("PNG")


def _walk_gif(data: bytes) -> tuple[int, int]:
    """Read the screen, pass the extensions, read the first frame (GIF89a, 18 to 24)."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    for _ in range(MOST_BLOCKS):
        block = data[at]
        if block == 0x2C:
            left, top, frame_width, frame_height = struct.unpack_from("<HHHH", data, at + 1)
            return max(width, left + frame_width), max(height, top + frame_height)
        if block != 0x21:
            raise _damaged("GIF", "no frame follows its header")
        at = _pass_gif_extension(data, at + 2)
    raise _too_complex("GIF")


def _pass_gif_extension(data: bytes, at: int) -> int:
    """Return where the sub-blocks end that begin at `at`."""
    for _ in range(MOST_BLOCKS):
        length = data[at]
        at += 1 + length
        if length == 0:
            return at
    raise _too_complex("GIF")


def _walk_webp(data: bytes) -> tuple[int, int]:
    """Read the canvas, or the one frame (RFC 9649, 2.5 to 2.7)."""
    (riff_size,) = struct.unpack_from("<I", data, 4)
    if riff_size + 8 > len(data):
        raise _truncated("WEBP")
    name = data[12:16]
    if name == b"VP8X":
        low_width, high_width, low_height, high_height = struct.unpack_from("<HBHB", data, 24)
        return 1 + (high_width << 16 | low_width), 1 + (high_height << 16 | low_height)
    if name == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if name == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise _damaged("WEBP", "it has no picture")


def _walk_bmp(data: bytes) -> tuple[int, int]:
    """Read the size; heights may be negative (rows from top to bottom)."""
    pixels_at, header_size = struct.unpack_from("<II", data, 10)
    if pixels_at < 14 + header_size or pixels_at >= len(data):
        raise _damaged("BMP", "its pixels begin outside the file")
    if header_size == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)


_WALKS: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "JPEG": _walk_jpeg,
    "PNG": _walk_png,
    "GIF": _walk_gif,
    "WEBP": _walk_webp,
    "BMP": _walk_bmp,
}
