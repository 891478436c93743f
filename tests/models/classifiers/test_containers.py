import io
import struct
import zlib

import pytest
from PIL import Image

from models.classifiers.containers import (
    ADAM7,
    detect_format,
    has_damaged_png_data,
    has_too_many_scans,
    is_cut_off,
    lacks_png_rows,
)

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")


def encode(format_name: str, size: tuple[int, int] = (40, 30), mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, 1).save(buffer, format_name)
    return buffer.getvalue()


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_format_is_known_by_its_first_bytes(format_name: str) -> None:
    assert detect_format(encode(format_name)[:12]) == format_name


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\x89PNG", b"GIF88a", b"RIFF....WAVE", b"B"])
def test_other_first_bytes_are_no_format(data: bytes) -> None:
    assert detect_format(data) is None


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_whole_file_is_not_cut_off(format_name: str) -> None:
    assert not is_cut_off(encode(format_name), format_name)


@pytest.mark.parametrize("missing", [1, 13, 50])
@pytest.mark.parametrize("format_name", FORMATS)
def test_a_file_that_misses_its_last_bytes_is_cut_off(format_name: str, missing: int) -> None:
    assert is_cut_off(encode(format_name)[:-missing], format_name)


def test_an_unknown_format_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="no such format: 'TIFF'"):
        is_cut_off(b"", "TIFF")


@pytest.mark.parametrize(("scans", "too_many"), [(1, False), (100, False), (101, True)])
def test_scans_are_counted(scans: int, too_many: bool) -> None:
    scan = b"\xff\xda\x00\x04\x01\x00" + b"\x12\xff\x00\x34\xff\xd0"
    assert has_too_many_scans(b"\xff\xd8" + scan * scans + b"\xff\xd9") is too_many


def test_an_end_marker_inside_a_segment_hides_no_scans() -> None:
    comment = b"\xff\xfe\x00\x06\xff\xd9\x00\x00"
    scan = b"\xff\xda\x00\x04\x01\x00\x12"
    assert has_too_many_scans(b"\xff\xd8" + comment + scan * 101 + b"\xff\xd9")


def test_scans_in_a_segment_are_none() -> None:
    segment = b"\xff\xe1" + struct.pack(">H", 402) + b"\xff\xda" * 200
    assert not has_too_many_scans(b"\xff\xd8" + segment + b"\xff\xda\x00\x02\x12\xff\xd9")


def test_png_data_with_a_wrong_checksum_are_damaged() -> None:
    data = encode("PNG")
    assert not has_damaged_png_data(data)
    at = data.index(b"IDAT") + 6
    assert has_damaged_png_data(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def make_png(rows: bytes, *, depth: int, colour_type: int, interlaced: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", 13, 9, depth, colour_type, 0, 0, interlaced)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@pytest.mark.parametrize(
    ("depth", "colour_type", "row_bytes"),
    [
        (1, 0, 2),
        (4, 3, 7),
        (8, 0, 13),
        (16, 0, 26),
        (8, 2, 39),
        (16, 2, 78),
        (8, 4, 26),
        (8, 6, 52),
    ],
)
def test_a_missing_byte_of_png_pixels_is_noticed(
    depth: int, colour_type: int, row_bytes: int
) -> None:
    rows = bytes(9 * (1 + row_bytes))
    assert not lacks_png_rows(make_png(rows, depth=depth, colour_type=colour_type))
    assert lacks_png_rows(make_png(rows[:-1], depth=depth, colour_type=colour_type))


def test_a_missing_byte_of_an_interlaced_png_is_noticed() -> None:
    sizes = (
        (len(range(left, 13, across)), len(range(top, 9, down)))
        for left, top, across, down in ADAM7
    )
    rows = bytes(sum(rows * (1 + 3 * columns) for columns, rows in sizes if columns))
    assert not lacks_png_rows(make_png(rows, depth=8, colour_type=2, interlaced=1))
    assert lacks_png_rows(make_png(rows[:-1], depth=8, colour_type=2, interlaced=1))
