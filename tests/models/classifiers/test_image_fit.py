import numpy as np
import pytest
from PIL import Image

from models.classifiers.image import FILTERS, fit
from models.manifest import FILTERS as MANIFEST_FILTERS
from models.manifest import InputSpec, Resize

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture
def wide() -> Image.Image:
    """A picture of 80 x 40 with a red left quarter, a blue right quarter, green between."""
    picture = Image.new("RGB", (80, 40), GREEN)
    picture.paste(RED, (0, 0, 20, 40))
    picture.paste(BLUE, (60, 0, 80, 40))
    return picture


def test_the_shape_is_height_by_width_by_three(wide: Image.Image) -> None:
    pixels = fit(wide, InputSpec(width=24, height=16))
    assert (pixels.shape, pixels.dtype) == ((16, 24, 3), np.uint8)


def test_stretch_shows_the_whole_picture_out_of_shape(wide: Image.Image) -> None:
    pixels = fit(wide, InputSpec(width=40, height=40, resize="stretch"))
    assert [tuple(pixels[20, x]) for x in (4, 20, 36)] == [RED, GREEN, BLUE]


def test_cover_cuts_both_ends_alike(wide: Image.Image) -> None:
    pixels = fit(wide, InputSpec(width=40, height=40, resize="cover"))
    assert (pixels == GREEN).all()


def test_contain_centres_the_picture_on_the_fill_colour(wide: Image.Image) -> None:
    pixels = fit(wide, InputSpec(width=40, height=40, resize="contain", fill=(1, 2, 3)))
    assert (pixels[:10] == (1, 2, 3)).all()
    assert (pixels[30:] == (1, 2, 3)).all()
    assert [tuple(pixels[20, x]) for x in (4, 20, 36)] == [RED, GREEN, BLUE]


@pytest.mark.parametrize("resize", ["stretch", "cover", "contain"])
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (33, 17)])
def test_any_shape_of_picture_fits(size: tuple[int, int], resize: Resize) -> None:
    assert fit(Image.new("RGB", size), InputSpec(width=20, height=12, resize=resize)).shape == (
        12,
        20,
        3,
    )


def test_shrinking_averages_over_all_pixels() -> None:
    lines = np.zeros((64, 64, 3), dtype=np.uint8)
    lines[:, ::2] = 255
    pixels = fit(Image.fromarray(lines), InputSpec(width=8, height=8))
    assert np.abs(pixels[:, 1:-1].astype(int) - 127).max() <= 3


def test_every_filter_of_the_manifest_is_known() -> None:
    assert set(FILTERS) == set(MANIFEST_FILTERS)
