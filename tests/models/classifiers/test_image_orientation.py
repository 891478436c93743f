import io

import numpy as np
import pytest
from PIL import Image

from models.classifiers.image import decode

ORIENTATION_TAG = 0x0112
# A picture whose four quarters differ: top left, top right, bottom left, bottom right.
UPRIGHT = np.array([[0, 80], [160, 240]], dtype=np.uint8).repeat(32, axis=0).repeat(48, axis=1)
# How a camera stores the upright picture under each value of the tag (EXIF 2.3, section 4.6.4):
# the first row and first column of what is stored are the sides of the scene that it names.
STORED = {
    1: UPRIGHT,  # top, left
    2: UPRIGHT[:, ::-1],  # top, right
    3: UPRIGHT[::-1, ::-1],  # bottom, right
    4: UPRIGHT[::-1],  # bottom, left
    5: UPRIGHT.T,  # left, top
    6: UPRIGHT.T[::-1],  # right, top
    7: UPRIGHT.T[::-1, ::-1],  # right, bottom
    8: UPRIGHT.T[:, ::-1],  # left, bottom
}


def encode(pixels: np.ndarray, exif: bytes | None, format_name: str) -> bytes:
    buffer = io.BytesIO()
    options = {} if exif is None else {"exif": exif}
    lossless = {"lossless": True} if format_name == "WEBP" else {}
    Image.fromarray(np.ascontiguousarray(pixels)).convert("RGB").save(
        buffer, format_name, **options, **lossless
    )
    return buffer.getvalue()


def make_exif(orientation: object) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    return exif.tobytes()


def quarters(data: bytes, smallest: tuple[int, int] | None = None) -> list[int]:
    """Decode and return the grey of the four quarters, rounded so that JPEG does not matter."""
    picture = decode(data, smallest=smallest).convert("L")
    assert picture.width > picture.height
    pixels = np.asarray(picture)
    height, width = pixels.shape
    rows, columns = (height // 4, 3 * height // 4), (width // 4, 3 * width // 4)
    return [round(int(pixels[row, column]) / 40) * 40 for row in rows for column in columns]


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", STORED)
def test_every_orientation_comes_out_upright(orientation: int, format_name: str) -> None:
    data = encode(STORED[orientation], make_exif(orientation), format_name)
    assert quarters(data) == [0, 80, 160, 240]


@pytest.mark.parametrize("orientation", STORED)
def test_an_orientation_survives_decoding_at_reduced_scale(orientation: int) -> None:
    stored = STORED[orientation].repeat(4, axis=0).repeat(4, axis=1)
    data = encode(stored, make_exif(orientation), "JPEG")
    assert quarters(data, smallest=(40, 40)) == [0, 80, 160, 240]
    assert decode(data, smallest=(40, 40)).width < 384


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(orientation: int) -> None:
    assert quarters(encode(UPRIGHT, make_exif(orientation), "JPEG")) == [0, 80, 160, 240]


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0garbage",
        b"Exif\0\0II*\0\xff\xff\xff\xff",  # the directory lies outside
        b"Exif\0\0" + b"MM\0*\0\0\0\x08\xff\xff" + bytes(range(256)),  # 65,535 entries
        make_exif(6)[:-6],  # cut in the entry
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0six\0\0\0\0\0",
    ],
    ids=["garbage", "outside", "entries", "cut", "text"],
)
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
def test_broken_exif_is_ignored(exif: bytes, format_name: str) -> None:
    assert quarters(encode(UPRIGHT, exif, format_name)) == [0, 80, 160, 240]
