"""What the container of a picture says before a pixel is decoded: type, wholeness, scans.

Owns the table of accepted types and the walks over JPEG and PNG structure. Refuses to decode:
everything here is byte arithmetic, so that a hostile file costs microseconds.
"""

import re
import struct
import zlib
from collections.abc import Iterator

# libjpeg-turbo's authors advise a cap: 200 scans of 42 bytes each cost 3 s of CPU at 24 megapixels.
MAX_JPEG_SCANS = 100

START_OF_SCAN = b"\xff\xda"
END_OF_IMAGE = b"\xff\xd9"
# In scan data 0xFF is followed by 0x00, a restart marker or another 0xFF; all else is a marker.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
INFLATE_BYTES = 1 << 16  # at a time, so that counting needs no memory
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
# The seven passes of an interlaced PNG: first column, first row, step across, step down.
ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


def detect_format(data: bytes) -> str | None:
    """Name the format of a picture as Pillow calls it, by its first bytes; None if not accepted."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith(b"BM"):
        return "BMP"
    return None


def is_cut_off(data: bytes, format_name: str) -> bool:
    """Tell whether the end of the file is missing, which an upload that broke off looks like.

    Meant for a picture that did not decode: whole files may be answered wrongly if they were
    written by a careless program (a JPEG without its end marker still decodes).
    """
    match format_name:
        case "JPEG":
            # A thumbnail in the headers has an end marker too, so only one after a scan counts; but
            # headers may be damaged so that no scan is found.
            scan = _first_scan(data)
            return not data.endswith(END_OF_IMAGE) and (
                scan is None or data.find(END_OF_IMAGE, scan) < 0
            )
        case "PNG":
            return not data.endswith(PNG_END) and all(
                kind != b"IEND" for kind, _, _ in _png_chunks(data)
            )
        case "GIF":
            return not data.rstrip(b"\0").endswith(b";")
        case "WEBP":
            return len(data) < 8 + int.from_bytes(data[4:8], "little")
        case "BMP":
            return len(data) < int.from_bytes(data[2:6], "little")
        case _:
            raise ValueError(f"no such format: {format_name!r}")


def has_too_many_scans(data: bytes) -> bool:
    """Tell whether a JPEG has more than `MAX_JPEG_SCANS` scans (each repaints every pixel)."""
    # The plain count is an upper bound: a video that a phone appends holds such bytes by chance.
    if data.count(START_OF_SCAN) <= MAX_JPEG_SCANS:
        return False
    return sum(marker == START_OF_SCAN for marker, _ in _jpeg_markers(data)) > MAX_JPEG_SCANS


def has_damaged_png_data(data: bytes) -> bool:
    """Tell whether the pixel data of a PNG fail their checksum, which Pillow does not look at."""
    view = memoryview(data)
    return any(
        zlib.crc32(view[start - 4 : stop]) != int.from_bytes(data[stop : stop + 4], "big")
        for kind, start, stop in _png_chunks(data)
        if kind == b"IDAT"
    )


def lacks_png_rows(data: bytes) -> bool:
    """Tell whether a PNG that decoded holds fewer pixels than its header says.

    Pillow leaves the missing rows black. The data are inflated once more to count them, at about
    the cost of decoding: ask only where the last rows came out empty.
    """
    inflater, missing = zlib.decompressobj(), _png_raw_size(data)
    for kind, start, stop in _png_chunks(data):
        compressed = data[start:stop] if kind == b"IDAT" else b""
        while compressed and missing > 0:
            missing -= len(inflater.decompress(compressed, INFLATE_BYTES))
            compressed = inflater.unconsumed_tail
    return missing > 0


def _png_raw_size(data: bytes) -> int:
    """Compute how many bytes the rows of a PNG take, each with its filter byte (PNG, section 7)."""
    width, height, depth, colour_type, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    bits = depth * PNG_CHANNELS[colour_type]
    size = 0
    for left, top, across, down in ADAM7 if interlaced else ((0, 0, 1, 1),):
        columns = -(-(width - left) // across)
        rows = -(-(height - top) // down)
        if columns > 0 and rows > 0:
            size += rows * (1 + -(-columns * bits // 8))
    return size


def _first_scan(data: bytes) -> int | None:
    """Find where the first scan of the main picture starts, past any thumbnail in its headers."""
    return next((at for marker, at in _jpeg_markers(data) if marker == START_OF_SCAN), None)


def _jpeg_markers(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Walk the markers of a JPEG up to its end; segments are skipped by their length."""
    position = 2
    while found := _NEXT_MARKER.search(data, position):
        marker = found.group()
        yield marker, found.start()
        if marker == END_OF_IMAGE:
            return
        has_length = marker != b"\xff\x01"
        length = int.from_bytes(data[found.end() : found.end() + 2], "big") if has_length else 0
        position = found.end() + length


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Walk the complete chunks of a PNG as (type, start of data, end of data)."""
    position = 8
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        start = position + 8
        if start + length + 4 > len(data):
            return
        yield data[position + 4 : start], start, start + length
        position = start + length + 4
