"""The bad, odd and merely unusual pictures that people and attackers send, made on the spot.

`door` is the status with which the intake answers a call that does not wait: 202 where only
decoding can tell. `whole` are the statuses that a waiting call may get from the whole system.
"""

import io
import struct
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

OK, EMPTY, TYPE, BAD, LARGE = 202, 400, 415, 422, 413


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[], bytes]
    door: int
    whole: tuple[int, ...]

    @property
    def data(self) -> bytes:
        return _make(self)


@cache
def _make(case: Case) -> bytes:
    return case.make()


def photo(width: int = 320, height: int = 240, mode: str = "RGB", seed: int = 1) -> Image.Image:
    """A picture with structure, so that it compresses like a photo."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def save(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def jpeg(width: int = 320, height: int = 240, seed: int = 1, **options: Any) -> bytes:
    return save(photo(width, height, seed=seed), "JPEG", **options)


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png(
    width: int,
    height: int,
    pixels: bytes = b"",
    *,
    depth: int = 8,
    colour: int = 0,
    before: bytes = b"",
) -> bytes:
    """A PNG by hand: grey unless told, `before` stands between IHDR and the pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = header + before + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def zeros(count: int) -> bytes:
    return zlib.compress(bytes(count), 9)


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def patch(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def frame_header(data: bytes) -> int:
    """Where the baseline or progressive frame header of a JPEG begins."""
    return max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))


def jpeg_of_size(width: int, height: int) -> bytes:
    data = jpeg()
    return patch(data, frame_header(data) + 5, struct.pack(">HH", height, width))


def scan_bomb(scans: int = 200) -> bytes:
    data = jpeg(progressive=True)
    last = data.rfind(b"\xff\xda")
    end = data.rfind(b"\xff\xd9")
    return data[:end] + data[last:end] * scans + data[end:]


def gif_of_frames(count: int) -> bytes:
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    palette = b"\0\0\0\xff\xff\xff"
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + palette + frame * count + b";"


def gif(**options: Any) -> bytes:
    return save(photo(64, 48).convert("P"), "GIF", **options)


def animation(kind: str, frames: int = 3) -> bytes:
    rest = [photo(32, 24, seed=seed) for seed in range(2, frames + 1)]
    return save(photo(32, 24), kind, save_all=True, append_images=rest, duration=50)


def png_with(kind: bytes, data: bytes) -> bytes:
    return png(8, 8, zeros(72), before=chunk(kind, data))


def exif(orientation: int | bytes, *, gps: bool = False) -> bytes:
    tags = Image.Exif()
    if isinstance(orientation, int):
        tags[0x0112] = orientation
    if gps:
        tags.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 0.0), 3: "W", 4: (0.0, 7.0, 0.0)})
    return jpeg(exif=tags.tobytes() if isinstance(orientation, int) else orientation)


def literal(data: bytes) -> Callable[[], bytes]:
    return lambda: data


def _types() -> Iterator[Case]:
    def wrong(name: str, data: bytes) -> Case:
        return Case(name, literal(data), TYPE, (TYPE,))

    yield Case("empty.png", literal(b""), EMPTY, (EMPTY,))
    yield wrong("onebyte.jpg", b"\xff")
    yield wrong("text.jpg", b"hello, this is no picture" * 9)
    yield wrong("html_xss.jpg", b"<html><script>alert(1)</script></html>")
    yield wrong("svg_xss.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    yield wrong("svg_xxe.svg", b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///'>]>")
    yield wrong("pdf.jpg", b"%PDF-1.7\n" + bytes(range(256)))
    yield wrong("eps_ps.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    yield wrong("zip.png", b"PK\x03\x04" + bytes(60))
    yield wrong("gzip.png", b"\x1f\x8b\x08" + bytes(60))
    yield wrong("elf.png", b"\x7fELF\x02\x01\x01" + bytes(60))
    yield wrong("pickle.png", b"\x80\x04\x95\x1f\x00\x00\x00cos\nsystem\n")
    yield wrong("npy.png", b"\x93NUMPY\x01\x00v\x00{'descr': '<f8'}")
    yield wrong("b64_dataurl.txt", b"data:image/png;base64," + b64encode(png(1, 1, zeros(2))))
    yield wrong("utf16bom.png", "\ufeffhello".encode("utf-16"))
    yield Case("jpeg_zip_polyglot.jpg", lambda: jpeg() + b"PK\x03\x04" + bytes(99), OK, (200,))
    yield Case("png_html_tail.png", lambda: save(photo(), "PNG") + b"<script>", OK, (200,))
    yield Case("gif_js_polyglot.gif", literal(b"GIF89a/*" + bytes(9) + b"*/=1;"), BAD, (BAD,))
    yield Case("jpeg_named.png", jpeg, OK, (200,))
    yield Case("double_ext.jpg.php", jpeg, OK, (200,))
    yield wrong("avif.avif", b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf")
    yield wrong("heic_header.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    yield wrong("jp2.jp2", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40))
    yield Case("tiff.tif", lambda: save(photo(), "TIFF"), TYPE, (TYPE,))
    yield Case("ico.ico", lambda: save(photo(32, 32), "ICO"), TYPE, (TYPE,))
    yield Case("ppm.ppm", lambda: save(photo(), "PPM"), TYPE, (TYPE,))
    yield Case("tga.tga", lambda: save(photo(), "TGA"), TYPE, (TYPE,))


def _broken() -> Iterator[Case]:
    def hidden(name: str, make: Callable[[], bytes]) -> Case:
        return Case(name, make, OK, (BAD,))

    for share in (10, 50, 90):
        yield Case(
            f"jpeg_trunc_{share}.jpg",
            lambda share=share: cut(jpeg(quality=95), share / 100),  # type: ignore[misc]
            OK,
            (BAD,),
        )
    yield hidden("jpeg_no_eoi.jpg", lambda: jpeg()[:-2])
    yield Case("jpeg_header_only.jpg", lambda: jpeg()[:20], BAD, (BAD,))
    yield hidden("png_trunc_50.png", lambda: cut(save(photo(), "PNG"), 0.5))
    yield Case("png_bad_crc_ihdr.png", lambda: patch(png(9, 9, zeros(90)), 29, b"\0"), BAD, (BAD,))
    yield hidden("png_bitflip_idat.png", lambda: patch(save(photo(), "PNG"), 3000, b"\0\xff\0\xff"))
    yield Case("png_sig_only.png", literal(b"\x89PNG\r\n\x1a\n"), BAD, (BAD,))
    yield hidden("png_zlib_garbage.png", lambda: png(64, 64, b"garbage" * 20))
    yield hidden("png_short_idat.png", lambda: png(64, 64, zeros(65 * 20)))
    yield Case("webp_trunc.webp", lambda: cut(save(photo(), "WEBP"), 0.5), BAD, (BAD,))
    yield hidden("gif_trunc.gif", lambda: cut(gif(), 0.7))
    yield Case(
        "bmp_bad_offset.bmp",
        lambda: patch(save(photo(), "BMP"), 10, b"\xff\xff\xff\x7f"),
        BAD,
        (BAD,),
    )
    yield Case("png_no_iend.png", lambda: save(photo(), "PNG")[:-12], OK, (200, BAD))
    yield Case("jpeg_bitflips.jpg", lambda: patch(jpeg(), 2000, b"\x13\x37" * 8), OK, (200, BAD))


def _bombs() -> Iterator[Case]:
    def large(name: str, make: Callable[[], bytes]) -> Case:
        return Case(name, make, LARGE, (LARGE,))

    yield large("png_bomb_20k.png", lambda: png(20_000, 20_000, zeros(20_001 * 2000), colour=0))
    yield large("png_bomb_9500_gray1.png", lambda: png(9500, 9300, zeros(11_060_000), depth=1))
    yield large("png_65535x65535_header.png", lambda: png(65_535, 65_535))
    yield large("png_2g_x_1.png", lambda: png(2**31 - 1, 1))
    yield Case("png_0x0.png", lambda: png(0, 0), BAD, (BAD,))
    yield large("png_tall_1x60000.png", lambda: png(1, 60_000, zeros(120_000)))
    yield large("jpeg_65500.jpg", lambda: jpeg_of_size(65_500, 65_500))
    yield large("jpeg_12k_sq.jpg", lambda: jpeg_of_size(12_000, 12_000))
    yield large("gif_65535_screen.gif", lambda: patch(gif(), 6, b"\xff\xff\xff\xff"))
    yield Case("gif_2000_frames.gif", lambda: gif_of_frames(2000), OK, (200,))
    yield Case("apng_200.png", lambda: animation("PNG", 200), OK, (200,))
    yield Case("webp_anim.webp", lambda: animation("WEBP"), OK, (200,))
    yield Case(
        "png_ztxt_bomb.png", lambda: png_with(b"zTXt", b"a\0\0" + zeros(80_000_000)), OK, (BAD,)
    )
    yield Case(
        "png_iccp_bomb.png", lambda: png_with(b"iCCP", b"a\0\0" + zeros(80_000_000)), OK, (BAD,)
    )
    yield Case("jpeg_progressive_scans.jpg", lambda: jpeg(progressive=True), OK, (200,))
    yield Case("jpeg_scan_bomb.jpg", scan_bomb, BAD, (BAD,))
    yield large("over_limit_20mb.jpg", lambda: jpeg() + bytes(20 * 2**20))


def _odd() -> Iterator[Case]:
    def fine(name: str, make: Callable[[], bytes]) -> Case:
        return Case(name, make, OK, (200,))

    half = Image.new("RGBA", (64, 64), (200, 30, 30, 128))
    yield fine("rgba_half.png", lambda: save(half, "PNG"))
    yield fine("la.png", lambda: save(half.convert("LA"), "PNG"))
    yield fine("palette_trns.png", lambda: save(photo().convert("P"), "PNG", transparency=0))
    yield fine("one_bit.png", lambda: save(photo().convert("1"), "PNG"))
    yield fine("gray16.png", lambda: save(Image.new("I;16", (64, 64), 40_000), "PNG"))
    yield fine("cmyk.jpg", lambda: save(photo().convert("CMYK"), "JPEG"))
    yield fine("one_px.png", lambda: png(1, 1, zeros(2)))
    yield fine("all_white.png", lambda: save(Image.new("RGB", (64, 64), "white"), "PNG"))
    yield fine("all_transparent.png", lambda: save(Image.new("RGBA", (64, 64)), "PNG"))
    yield fine("interlaced.png", _interlaced)
    for orientation in (2, 3, 6, 8):
        yield Case(
            f"exif_orient_{orientation}.jpg",
            lambda orientation=orientation: exif(orientation),  # type: ignore[misc]
            OK,
            (200,),
        )
    yield fine("exif_orient_bad.jpg", lambda: exif(99))
    yield fine("exif_gps.jpg", lambda: exif(1, gps=True))
    yield fine("exif_garbage.jpg", lambda: exif(b"Exif\0\0garbage" * 9))
    yield fine("mpo_like.jpg", lambda: animation("MPO", 2))


def _interlaced() -> bytes:
    """An interlaced (Adam7) PNG of 8 x 8 grey pixels: 15 rows over the seven passes."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1))
    passes = [(1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4)]
    rows = b"".join(b"\0" + bytes(width) for width, height in passes for _ in range(height))
    body = header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def png_with_text(text: str) -> bytes:
    """A PNG that carries a comment, as editors write it."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", text)
    return save(photo(), "PNG", pnginfo=info)


CASES = (*_types(), *_broken(), *_bombs(), *_odd())
