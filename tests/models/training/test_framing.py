import numpy as np
import pytest
from PIL import Image

from models.training.framing import EMPTY, THERE, UNKNOWN, add_bars, cover, mirror, tilt

MARK = (60.0, 30.0, 90.0, 50.0)


@pytest.fixture
def picture() -> Image.Image:
    """A grey picture with a red mark in it."""
    image = Image.new("RGB", (200, 120), (90, 90, 90))
    image.paste((250, 0, 0), tuple(int(edge) for edge in MARK))
    return image


def find_red(image: Image.Image) -> tuple[float, float]:
    pixels = np.asarray(image, np.int64)
    y, x = np.nonzero((pixels[..., 0] > 200) & (pixels[..., 1] < 60))
    return float(x.mean()), float(y.mean())


@pytest.mark.parametrize("change", ["mirror", "tilt", "bars"])
def test_a_place_goes_where_the_picture_of_it_goes(picture: Image.Image, change: str) -> None:
    for seed in range(8):
        rng = np.random.default_rng(seed)
        if change == "mirror":
            changed, places = mirror(picture, [MARK])
        else:
            step = tilt if change == "tilt" else add_bars
            changed, places = step(picture, [MARK], rng)
        left, top, right, bottom = places[0]
        middle = (left + right) / 2 - 0.5, (top + bottom) / 2 - 0.5
        assert find_red(changed) == pytest.approx(middle, abs=1.5)


def test_a_cell_is_there_when_half_of_it_is_covered() -> None:
    cells = cover((100, 100), (2, 2), [(0, 0, 50, 100)])
    assert cells.tolist() == [[THERE, EMPTY], [THERE, EMPTY]]


def test_a_place_smaller_than_a_cell_is_in_the_cell_of_its_middle() -> None:
    cells = cover((100, 100), (4, 4), [(60, 10, 64, 16)])
    assert np.argwhere(cells == THERE).tolist() == [[0, 2]]
    assert (cells == UNKNOWN).sum() == 0


def test_what_is_little_covered_or_doubtful_is_unknown() -> None:
    cells = cover((100, 100), (1, 4), [(0, 0, 30, 100)], [(80, 0, 100, 100)])
    assert cells.tolist() == [[THERE, UNKNOWN, EMPTY, UNKNOWN]]
