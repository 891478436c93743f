"""Pictures that are made on the spot, all different and small: a model sees each its own way."""

import struct
import zlib

WIDTH, HEIGHT = 48, 36
ORDER = b"Order\0"


def make_picture(number: int, *, order: str = "") -> bytes:
    """Make the PNG of this number: a slope of colours that no other number below 100,000 has.

    `order` is written beside the picture, for a worker that obeys (deploy/chaos/poison.py); the
    pixels of one that is `damaged` break off in the middle.
    """
    red, green, blue = number * 37 % 256, number * 91 // 7 % 256, number * 11 // 3 % 256
    rows = bytearray()
    for y in range(HEIGHT):
        rows.append(0)  # the row's filter: none
        for x in range(WIDTH):
            rows += bytes(((red + 3 * x) % 256, (green + 5 * y) % 256, (blue + x + y) % 256))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(rows))
    if order == "damaged":
        pixels = pixels[: len(pixels) // 2]
    return (
        b"\x89PNG\r\n\x1a\n"
        + _make_chunk(b"IHDR", header)
        # The number itself, in a comment, so that the bytes differ even where two slopes meet.
        + _make_chunk(b"tEXt", b"Comment\0%d" % number)
        + (_make_chunk(b"tEXt", ORDER + order.encode()) if order else b"")
        + _make_chunk(b"IDAT", pixels)
        + _make_chunk(b"IEND", b"")
    )


def _make_chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
