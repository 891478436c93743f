"""Every odd way to store a picture must give the pixels of a plain RGB copy."""

import io
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.classifiers.image import decode

WIDTH, HEIGHT = 48, 32
RED, GREEN, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (255, 255, 255), (0, 0, 0)


def encode(image: Image.Image, format_name: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def halves(left: tuple[int, ...], right: tuple[int, ...], mode: str = "RGB") -> Image.Image:
    """Make a picture of two colours; halves survive JPEG and palettes."""
    picture = Image.new(mode, (WIDTH, HEIGHT), left)
    picture.paste(right, (WIDTH // 2, 0, WIDTH, HEIGHT))
    return picture


def sides(data: bytes) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Decode and return the colours in the middle of the left and the right half."""
    pixels = np.asarray(decode(data))
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert pixels.dtype == np.uint8
    left, right = pixels[HEIGHT // 2, WIDTH // 4], pixels[HEIGHT // 2, 3 * WIDTH // 4]
    return tuple(left.tolist()), tuple(right.tolist())


def difference(one: bytes, other: bytes) -> float:
    """Compute the largest difference of two decoded pictures in grey levels."""
    a, b = (np.asarray(decode(data)).astype(int) for data in (one, other))
    return float(np.abs(a - b).max())


def photo() -> Image.Image:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return Image.fromarray(np.stack([4 * x, 6 * y, 255 - 4 * x], axis=-1).astype(np.uint8))


def grey_gradient() -> NDArray[np.uint8]:
    return np.tile(np.arange(WIDTH, dtype=np.uint8) * 5, (HEIGHT, 1))


@pytest.mark.parametrize("format_name", ["PNG", "BMP", "GIF"])
def test_a_lossless_format_keeps_every_colour(format_name: str) -> None:
    assert sides(encode(halves(RED, GREEN), format_name)) == (RED, GREEN)


def test_a_lossless_webp_keeps_every_colour() -> None:
    assert difference(encode(photo(), "WEBP", lossless=True), encode(photo())) == 0


def test_grey_becomes_three_equal_channels() -> None:
    grey = Image.fromarray(grey_gradient())
    assert difference(encode(grey), encode(grey.convert("RGB"))) == 0


def test_a_grey_jpeg_becomes_three_equal_channels() -> None:
    pixels = np.asarray(decode(encode(Image.fromarray(grey_gradient()), "JPEG")))
    assert np.ptp(pixels, axis=-1).max() == 0


@pytest.mark.parametrize("alpha", [0, 64, 128, 255])
def test_rgba_is_shown_on_white(alpha: int) -> None:
    shown, _ = sides(encode(halves((255, 0, 0, alpha), (0, 0, 0, 0), "RGBA")))
    expected = round(255 - alpha)
    assert shown[0] == 255
    assert abs(shown[1] - expected) <= 1
    assert abs(shown[2] - expected) <= 1


def test_a_transparent_canvas_is_white_and_not_black() -> None:
    assert sides(encode(halves((0, 0, 0, 0), (0, 0, 0, 0), "RGBA"))) == (WHITE, WHITE)


def test_grey_with_alpha_is_shown_on_white() -> None:
    assert sides(encode(halves((0, 255), (0, 0), "LA"))) == (BLACK, WHITE)


def test_a_webp_with_alpha_is_shown_on_white() -> None:
    picture = halves((255, 0, 0, 255), (0, 0, 0, 0), "RGBA")
    assert sides(encode(picture, "WEBP", lossless=True)) == (RED, WHITE)


def test_a_transparent_palette_entry_is_white() -> None:
    palette = halves(RED, GREEN).quantize(2)
    red = palette.getpixel((0, 0))
    assert sides(encode(palette, transparency=red)) == (WHITE, GREEN)


def test_a_palette_with_partial_transparency_is_shown_on_white() -> None:
    palette = halves(RED, GREEN).quantize(2)
    alphas = bytearray([255, 255])
    alphas[int(palette.getpixel((0, 0)))] = 0  # type: ignore[arg-type]
    assert sides(encode(palette, transparency=bytes(alphas))) == (WHITE, GREEN)


def test_a_transparent_gif_is_shown_on_white() -> None:
    palette = halves(RED, GREEN).quantize(2)
    assert sides(encode(palette, "GIF", transparency=palette.getpixel((0, 0)))) == (WHITE, GREEN)


def test_a_transparent_colour_of_an_rgb_png_is_white() -> None:
    assert sides(encode(halves(RED, GREEN), transparency=RED)) == (WHITE, GREEN)


def test_a_transparent_level_of_a_grey_png_is_white() -> None:
    assert sides(encode(halves((0,), (255,), "L"), transparency=0)) == (WHITE, WHITE)


def test_one_bit_becomes_black_and_white() -> None:
    assert sides(encode(halves((0,), (255,), "L").convert("1"))) == (BLACK, WHITE)


def test_16_bit_grey_is_scaled_and_not_clipped() -> None:
    grey = grey_gradient()
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    assert deep.mode == "I;16"
    assert difference(encode(deep), encode(Image.fromarray(grey))) == 0


def test_16_bit_colour_loses_only_its_low_bits() -> None:
    rows = b"".join(
        b"\0" + b"".join(struct.pack(">HHH", 65535, 0x8000, 0x00FF) for _ in range(WIDTH))
        for _ in range(HEIGHT)
    )
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0)
    assert sides(make_png(header, rows))[0] == (255, 128, 0)


def test_an_interlaced_png_is_put_together() -> None:
    # Adam7 of one colour: every pass holds the same pixels, each row with its filter byte.
    passes = ((8, 8), (8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2))
    rows = b"".join(
        (b"\0" + bytes(RED) * (WIDTH // across)) * (HEIGHT // down) for across, down in passes
    )
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 1)
    assert sides(make_png(header, rows)) == (RED, RED)


def test_cmyk_keeps_its_colours() -> None:
    left, right = sides(encode(halves(RED, WHITE).convert("CMYK"), "JPEG", quality=95))
    assert np.abs(np.subtract(left, RED)).max() < 8
    assert np.abs(np.subtract(right, WHITE)).max() < 8


def test_cmyk_counts_as_inverted_with_adobes_mark_and_without() -> None:
    # Adobe's programs store CMYK inverted and say so in an APP14 segment; Pillow and browsers take
    # every CMYK JPEG for one of Adobe's.
    data = encode(halves(RED, WHITE).convert("CMYK"), "JPEG", quality=95)
    start = data.index(b"\xff\xee")
    length = int.from_bytes(data[start + 2 : start + 4], "big")
    assert difference(data[:start] + data[start + 2 + length :], data) == 0


def test_a_progressive_jpeg_gives_the_same_picture() -> None:
    plain, progressive = (encode(photo(), "JPEG", progressive=flag) for flag in (False, True))
    assert difference(plain, progressive) == 0


@pytest.mark.parametrize("format_name", ["GIF", "PNG", "WEBP"])
def test_only_the_first_frame_of_an_animation_counts(format_name: str) -> None:
    frames = [halves(GREEN, BLACK)] * 3
    options = {"lossless": True} if format_name == "WEBP" else {}
    data = encode(halves(RED, WHITE), format_name, save_all=True, append_images=frames, **options)
    assert sides(data) == (RED, WHITE)


def test_several_pictures_in_one_jpeg_count_as_the_first() -> None:
    data = encode(halves(RED, WHITE), "MPO", save_all=True, append_images=[halves(GREEN, BLACK)])
    assert np.abs(np.subtract(sides(data)[0], RED)).max() < 8


def test_one_pixel_is_a_picture() -> None:
    assert decode(encode(Image.new("RGB", (1, 1), RED))).getpixel((0, 0)) == RED


def test_a_colour_profile_is_ignored() -> None:
    assert difference(encode(photo(), icc_profile=b"no profile"), encode(photo())) == 0


def test_what_follows_the_picture_is_ignored() -> None:
    assert difference(encode(photo()) + b"<script>", encode(photo())) == 0


def make_png(header: bytes, rows: bytes) -> bytes:
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
