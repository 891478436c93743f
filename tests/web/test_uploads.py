"""The door: what a head tells decides, and nothing else."""

import struct
import time
import zlib

import pytest

from models.classifiers.containers import MAX_JPEG_SCANS
from models.classifiers.image import MAX_PIXELS, MAX_SIDE
from tests.web.hostile import CASES, OK, Case, chunk, jpeg, png, zeros
from web.errors import Problem
from web.uploads import LONGEST_SIDE, MOST_PIXELS, MOST_SCANS, check_picture

MOST_BYTES = 20 * 2**20


def status_of(data: bytes) -> int:
    try:
        check_picture(data, most_bytes=MOST_BYTES)
    except Problem as problem:
        return problem.status
    return OK


def code_of(data: bytes) -> str:
    with pytest.raises(Problem) as caught:
        check_picture(data, most_bytes=MOST_BYTES)
    return caught.value.code


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_of_the_78_gets_its_status(case: Case) -> None:
    assert status_of(case.data) == case.door


def test_there_are_78_of_them() -> None:
    assert len({case.name for case in CASES}) == 78


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_head_costs_more_than_50_ms(case: Case) -> None:
    data = case.data
    started = time.thread_time()
    status_of(data)
    assert time.thread_time() - started < 0.05


def flood_png() -> bytes:
    return png(8, 8, zeros(72), before=chunk(b"tEXt", b"") * 200_000)


def flood_jpeg() -> bytes:
    data = jpeg()
    return data[:2] + b"\xff\xe1\x00\x02" * 1_000_000 + data[2:]


def flood_gif() -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0, 0, 0) + b"\x21\xfe\x00" * 1_000_000


def flood_gif_comment() -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0, 0, 0) + b"\x21\xfe" + b"\x01a" * 1_000_000


@pytest.mark.parametrize("make", [flood_png, flood_jpeg, flood_gif, flood_gif_comment])
def test_a_flood_of_tiny_blocks_is_refused_at_once(make: object) -> None:
    data = make()  # type: ignore[operator]
    started = time.thread_time()
    assert code_of(data) == "image_too_complex"
    assert time.thread_time() - started < 0.05


@pytest.mark.parametrize(
    ("start", "hint"),
    [
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypisom", "video"),
        (b"%PDF-1.4", "PDF"),
        (b"\xef\xbb\xbf  <svg>", "SVG"),
        (b"<!doctype html>", "HTML"),
        (b"PK\x03\x04", "ZIP"),
        (b"data:image/png;base64,", "JSON"),
        (b'{"image": ""}', "application/json"),
        (b"RIFF\0\0\0\0AVI ", "not those of a picture"),
    ],
)
def test_a_wrong_type_is_named_with_the_way_on(start: bytes, hint: str) -> None:
    with pytest.raises(Problem) as caught:
        check_picture(start + bytes(99), most_bytes=MOST_BYTES)
    assert hint in caught.value.detail
    assert "JPEG, PNG, WEBP, GIF and BMP" in caught.value.detail


def test_text_that_begins_like_a_bmp_is_no_picture() -> None:
    assert code_of(b"BMW is a maker of cars and motorcycles") == "image_unsupported"


def test_the_door_and_the_worker_have_the_same_limits() -> None:
    assert (MOST_PIXELS, LONGEST_SIDE, MOST_SCANS) == (MAX_PIXELS, MAX_SIDE, MAX_JPEG_SCANS)


def test_the_limits_of_pixels_are_just_inside() -> None:
    assert status_of(png(5000, 5000)) == OK
    assert status_of(png(12_000, 2083)) == OK
    assert status_of(png(12_001, 1)) == 413
    assert status_of(png(5001, 5000)) == 413


def test_a_png_whose_pixels_never_come_is_truncated() -> None:
    assert code_of(png(8, 8, zeros(72))[:33]) == "image_truncated"


def test_a_photo_with_a_video_behind_it_comes_in() -> None:
    video = b"\0\0\0\x18ftypmp42" + b"\xff\xda" * 300  # by chance, one in 64 KB of a phone's video
    assert status_of(jpeg() + video) == OK


def test_a_jpeg_of_endless_segments_behind_a_scan_is_refused() -> None:
    hidden = b"\xff\xe1" + (402).to_bytes(2, "big") + b"\xff\xda" * 200
    data = jpeg().removesuffix(b"\xff\xd9") + hidden
    assert status_of(data) == OK
    assert code_of(data + b"\xff\xe1\0\2" * 2000) == "image_too_complex"


def test_a_jpeg_without_height_is_damaged() -> None:
    data = bytearray(jpeg())
    at = data.find(b"\xff\xc0") + 5
    data[at : at + 2] = b"\0\0"
    assert code_of(bytes(data)) == "image_damaged"


def test_a_png_that_does_not_begin_with_its_header_is_damaged() -> None:
    body = chunk(b"tEXt", b"hello world!!") + chunk(b"IDAT", zlib.compress(b""))
    assert code_of(b"\x89PNG\r\n\x1a\n" + body) == "image_damaged"
