"""Photos to measure with: cut from one public picture, so that both stages have work.

The astronaut of scikit-image (Eileen Collins, NASA, public domain) is enlarged to the size of a
webcam's, a phone app's and a phone's own picture. Each photo shows another part of it, so that no
two are the same; JPEG quality 90 gives the bytes that cameras give.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

QUALITY = 90
# Of the picture's 512 pixels a side this share is shown, so that there is room to move.
SHOWN = 0.93


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Pixels of a photo, and what to call it."""

    name: str
    width: int
    height: int


SMALL = Size(name="640x480", width=640, height=480)
MEDIUM = Size(name="1280x720", width=1280, height=720)
LARGE = Size(name="4000x3000", width=4000, height=3000)


def make_photos(size: Size, count: int, *, quality: int = QUALITY) -> list[bytes]:
    """Make so many different photos (at most 200) of this size as JPEG files."""
    from PIL import Image
    from skimage import data

    whole = Image.fromarray(data.astronaut())  # type: ignore[no-untyped-call]
    scale = SHOWN * min(whole.width / size.width, whole.height / size.height)
    width, height = size.width * scale, size.height * scale
    photos = []
    for place in range(count):
        left, top = (place * 7 % 31), (place * 3 % 17)
        part = (left, top, left + width - place / 10, top + height - place / 10)
        shown = whole.resize((size.width, size.height), Image.Resampling.BICUBIC, box=part)
        file = io.BytesIO()
        shown.save(file, "JPEG", quality=quality)
        photos.append(file.getvalue())
    return photos


def write_photos(photos: Sequence[bytes], folder: Path) -> list[Path]:
    """Write the photos into a folder and return their paths."""
    folder.mkdir(parents=True)
    paths = [folder / f"{place}.jpg" for place in range(len(photos))]
    for path, photo in zip(paths, photos, strict=True):
        path.write_bytes(photo)
    return paths
