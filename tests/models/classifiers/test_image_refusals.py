"""Broken, hostile and unknown files: each is refused with a stable code, without a warning."""

import contextlib
import io
import struct
import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.classifiers.image import MAX_PIXELS, MAX_SIDE, decode
from models.errors import ImageError

WIDTH, HEIGHT = 320, 240
RGB = 2  # PNG's colour type
GREY = 0


def make_photo() -> Image.Image:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return Image.fromarray(np.stack([x % 256, y, (x * y) % 256], axis=-1).astype(np.uint8))


def encode(image: Image.Image, format_name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


JPEG = encode(make_photo(), "JPEG", quality=85)
PROGRESSIVE = encode(make_photo(), "JPEG", progressive=True)
PNG = encode(make_photo(), "PNG")
WEBP = encode(make_photo(), "WEBP")
GIF = encode(make_photo().quantize(64), "GIF")
BMP = encode(make_photo(), "BMP")


def make_chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def make_png(
    size: tuple[int, int], pixels: bytes, *, depth: int = 8, colour: int = RGB, extra: bytes = b""
) -> bytes:
    header = make_chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0))
    chunks = header + extra + make_chunk(b"IDAT", pixels) + make_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def compress_zeros(count: int) -> bytes:
    compressor, block = zlib.compressobj(9), bytes(1 << 20)
    pieces = [compressor.compress(block) for _ in range(count >> 20)]
    return b"".join(pieces) + compressor.compress(bytes(count % (1 << 20))) + compressor.flush()


def set_jpeg_size(width: int, height: int) -> bytes:
    start = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:start] + struct.pack(">HH", height, width) + JPEG[start + 4 :]


def set_webp_size(width: int, height: int) -> bytes:
    """Change the size in the header of a lossless WebP: twice 14 bits after the mark 0x2F."""
    data = encode(Image.new("RGB", (8, 8)), "WEBP", lossless=True)
    rest = int.from_bytes(data[21:25], "little") >> 28 << 28
    bits = rest | (height - 1) << 14 | (width - 1)
    return data[:21] + bits.to_bytes(4, "little") + data[25:]


def flip_a_bit(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def repeat_last_scan(times: int, tail: bytes = b"") -> bytes:
    scan = PROGRESSIVE[PROGRESSIVE.rindex(b"\xff\xda") : -2]
    return PROGRESSIVE[:-2] + scan * times + b"\xff\xd9" + tail


def cut(data: bytes, percent: int) -> Callable[[], bytes]:
    return lambda: data[: len(data) * percent // 100]


TRUNCATED = {
    "jpeg_10": cut(JPEG, 10),
    "jpeg_50": cut(JPEG, 50),
    "jpeg_90": cut(JPEG, 90),
    "jpeg_progressive_50": cut(PROGRESSIVE, 50),
    "jpeg_no_eoi": lambda: JPEG[:-2],
    "jpeg_header_only": lambda: JPEG[: JPEG.index(b"\xff\xda")],
    "jpeg_after_its_thumbnail": lambda: (
        b"\xff\xd8\xff\xe1\x00\x08\xff\xda\0\0\xff\xd9" + JPEG[2:999]
    ),
    "png_50": cut(PNG, 50),
    "png_signature_only": lambda: PNG[:8],
    "webp_50": cut(WEBP, 50),
    "webp_header_only": lambda: WEBP[:12],
    "gif_50": cut(GIF, 50),
    "bmp_50": cut(BMP, 50),
}
ROW = b"\0" + bytes(3 * WIDTH)
WHITE_ROW = b"\0" + b"\xff" * (3 * WIDTH)
DAMAGED = {
    "png_bad_checksum_of_header": lambda: PNG[:29] + bytes(4) + PNG[33:],
    "png_flipped_bit": lambda: flip_a_bit(PNG, len(PNG) // 2),
    "png_garbage_for_pixels": lambda: make_png((WIDTH, HEIGHT), b"no zlib stream"),
    "png_half_a_stream": lambda: make_png((WIDTH, HEIGHT), zlib.compress(WHITE_ROW * 240)[:80]),
    "png_too_few_rows": lambda: make_png((WIDTH, HEIGHT), zlib.compress(WHITE_ROW * 100)),
    "png_one_row_less": lambda: make_png((WIDTH, HEIGHT), zlib.compress(WHITE_ROW * 239)),
    "png_0x0": lambda: make_png((0, 0), zlib.compress(b"")),
    "png_text_bomb": lambda: make_png(
        (WIDTH, HEIGHT),
        zlib.compress(ROW * HEIGHT),
        extra=make_chunk(b"zTXt", b"k\0\0" + compress_zeros(80_000_000)),
    ),
    "png_profile_bomb": lambda: make_png(
        (WIDTH, HEIGHT),
        zlib.compress(ROW * HEIGHT),
        extra=make_chunk(b"iCCP", b"k\0\0" + compress_zeros(80_000_000)),
    ),
    "bmp_offset_outside": lambda: BMP[:10] + struct.pack("<I", 10**8) + BMP[14:],
    "jpeg_header_of_a_wrong_length": lambda: JPEG[:4] + b"\xff\xff" + JPEG[6:],
    "png_header_of_a_wrong_length": lambda: PNG[:8] + b"\xff" + PNG[9:],
    "jpeg_without_tables": lambda: JPEG[:2] + JPEG[JPEG.index(b"\xff\xc0") :],
}
TOO_LARGE = {
    "png_20k": lambda: make_png((20_000, 20_000), compress_zeros(1_000_000)),
    "png_88_megapixels": lambda: make_png(
        (9500, 9300), compress_zeros(9300 * 1189), depth=1, colour=GREY
    ),
    "png_65535": lambda: make_png((65_535, 65_535), b"x"),
    "png_2g_by_1": lambda: make_png((2**31 - 1, 1), b"x", colour=GREY),
    "png_tall": lambda: make_png((1, 60_000), zlib.compress(bytes(120_000)), colour=GREY),
    "png_a_row_too_many": lambda: make_png((5000, MAX_PIXELS // 5000 + 1), b"x"),
    "jpeg_65500": lambda: set_jpeg_size(65_500, 65_500),
    "jpeg_12k": lambda: set_jpeg_size(12_000, 12_000),
    "gif_65535": lambda: GIF[:6] + b"\xff" * 4 + GIF[10:],
    "webp_16383": lambda: set_webp_size(16_383, 16_383),
}
UNSUPPORTED = {
    "empty": lambda: b"",
    "one_byte": lambda: b"\xff",
    "text": lambda: b"hello",
    "html": lambda: b"<html><script>alert(1)</script>",
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "pdf": lambda: b"%PDF-1.7\n",
    "zip": lambda: b"PK\x03\x04" + bytes(30),
    "tiff": lambda: encode(make_photo(), "TIFF"),
    "ico": lambda: encode(make_photo(), "ICO"),
    "avif": lambda: b"\0\0\0\x20ftypavif" + bytes(100),
    "heic": lambda: b"\0\0\0\x18ftypheic" + bytes(100),
    "jpeg2000": lambda: encode(make_photo(), "JPEG2000"),
    "ppm": lambda: encode(make_photo(), "PPM"),
    "psd": lambda: b"8BPS\0\x01" + bytes(100),
    "eps": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "riff_but_no_webp": lambda: b"RIFF\x10\0\0\0WAVE",
    "jpeg_scan_bomb": lambda: repeat_last_scan(200),
}


def refusal(data: bytes) -> ImageError:
    with pytest.raises(ImageError) as caught:
        decode(data, smallest=(160, 160))
    return caught.value


@pytest.mark.parametrize("make", TRUNCATED.values(), ids=TRUNCATED)
def test_a_file_whose_end_is_missing_is_truncated(make: Callable[[], bytes]) -> None:
    assert refusal(make()).code == "image_truncated"


@pytest.mark.parametrize("make", DAMAGED.values(), ids=DAMAGED)
def test_a_whole_file_that_does_not_decode_is_damaged(make: Callable[[], bytes]) -> None:
    assert refusal(make()).code == "image_damaged"


@pytest.mark.parametrize("make", TOO_LARGE.values(), ids=TOO_LARGE)
def test_too_many_pixels_are_refused_before_any_is_decoded(make: Callable[[], bytes]) -> None:
    data = make()
    started = time.process_time()
    assert refusal(data).code == "image_too_large"
    assert time.process_time() - started < 0.05  # a full decode takes seconds


@pytest.mark.parametrize("make", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_another_type_of_file_is_unsupported(make: Callable[[], bytes]) -> None:
    assert refusal(make()).code == "image_unsupported"


@pytest.mark.parametrize(
    "make", [*TRUNCATED.values(), *DAMAGED.values(), *TOO_LARGE.values(), *UNSUPPORTED.values()]
)
def test_every_refusal_is_a_sentence_for_the_sender(make: Callable[[], bytes]) -> None:
    message = str(refusal(make()))
    assert message[0].isupper()
    assert message.endswith(".")
    assert "object at" not in message


@pytest.mark.parametrize(
    "size", [(5000, MAX_PIXELS // 5000), (MAX_SIDE, 1), (1, MAX_SIDE)], ids=str
)
def test_a_picture_at_the_limit_is_decoded(size: tuple[int, int]) -> None:
    assert decode(encode(Image.new("1", size, 1), "PNG")).size == size


@pytest.mark.parametrize(
    "make",
    {
        "gif": lambda: encode(
            Image.new("P", (8, 8)),
            "GIF",
            save_all=True,
            append_images=[Image.new("P", (8, 8), i % 2 + 1) for i in range(2000)],
        ),
        "png": lambda: encode(
            Image.new("L", (8, 8)),
            "PNG",
            save_all=True,
            append_images=[Image.new("L", (8, 8), i) for i in range(1, 200)],
        ),
    }.values(),
)
def test_the_frames_of_an_animation_cost_nothing(make: Callable[[], bytes]) -> None:
    data = make()
    started = time.process_time()
    decode(data)
    assert time.process_time() - started < 0.01


@given(
    data=st.sampled_from([JPEG, PROGRESSIVE, PNG, WEBP, GIF, BMP]),
    edits=st.lists(st.tuples(st.integers(0, 2**16), st.binary(max_size=4)), max_size=4),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_whatever_is_overwritten_nothing_but_image_errors_come(
    data: bytes, edits: list[tuple[int, bytes]]
) -> None:
    for at, new in edits:
        start = at % len(data)
        data = data[:start] + new + data[start + len(new) :]
    with contextlib.suppress(ImageError):
        assert decode(data, smallest=(160, 160)).mode == "RGB"


def test_a_black_picture_is_whole() -> None:
    assert decode(make_png((WIDTH, HEIGHT), zlib.compress(ROW * HEIGHT))).getbbox() is None


def test_a_transparent_canvas_is_whole() -> None:
    assert decode(encode(Image.new("RGBA", (WIDTH, HEIGHT)), "PNG")).size == (WIDTH, HEIGHT)


def test_many_scans_in_what_follows_the_picture_are_none_of_it() -> None:
    assert decode(repeat_last_scan(0, tail=b"\xff\xda" * 300)).size == (WIDTH, HEIGHT)


def test_a_jpeg_of_many_but_bearable_scans_is_decoded() -> None:
    assert decode(repeat_last_scan(60)).size == (WIDTH, HEIGHT)
