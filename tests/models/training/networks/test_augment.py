from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.training.networks.augment import Augmentation, augment

ALL = Augmentation(
    flip=0.5,
    flip_vertical=0.5,
    rotation=30,
    translation=0.2,
    scaling=0.3,
    shear=15,
    crop=0.4,
    brightness=0.4,
    contrast=0.4,
    colour=0.5,
    grey=0.3,
    low_light=0.4,
    blur=2.0,
    noise=15,
    jpeg=10,
)


def draw(width: int, height: int, seed: int = 1) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


@settings(max_examples=40, deadline=None)
@given(st.integers(8, 90), st.integers(8, 90), st.integers(0, 2**32 - 1))
def test_a_changed_picture_keeps_size_and_mode(width: int, height: int, seed: int) -> None:
    changed = augment(draw(width, height), ALL, np.random.default_rng(seed))
    assert (changed.size, changed.mode) == ((width, height), "RGB")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_equal_seeds_give_equal_pictures(seed: int) -> None:
    one, other = (augment(draw(60, 40), ALL, np.random.default_rng(seed)) for _ in range(2))
    assert np.array_equal(np.asarray(one), np.asarray(other))


def test_nothing_asked_for_changes_nothing() -> None:
    image = draw(60, 40)
    changed = augment(image, Augmentation(), np.random.default_rng(1))
    assert np.array_equal(np.asarray(changed), np.asarray(image))


@pytest.mark.parametrize("name", [entry.name for entry in fields(Augmentation)])
def test_every_way_alone_changes_the_picture(name: str) -> None:
    how = replace(Augmentation(), **{name: getattr(ALL, name)})
    image = draw(60, 40)
    pixels = np.asarray(image, np.int16)
    changed = [
        np.abs(np.asarray(augment(image, how, np.random.default_rng(seed)), np.int16) - pixels)
        for seed in range(12)
    ]
    assert max(float(difference.mean()) for difference in changed) > 1


def test_a_moved_picture_shows_its_mirror_image_at_the_border() -> None:
    image = Image.new("RGB", (60, 40), (200, 30, 30))
    how = Augmentation(translation=0.3, rotation=20, scaling=0.2)
    changed = np.asarray(augment(image, how, np.random.default_rng(3)), np.int16)
    assert np.abs(changed - np.array([200, 30, 30])).max() <= 1
