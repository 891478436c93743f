"""A tiny dataset of figures and empty grounds, of six days a label, and a recipe of seconds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from models.manifest import InputSpec
from models.training.__main__ import main
from models.training.networks.augment import Augmentation
from models.training.networks.recipe import NetRecipe, Network, Schedule

RECIPE = """
name = "tiny"
version = "2"
title = "Is there a figure?"
seed = 3
[input]
width = 32
height = 32
[network]
architecture = "drawing_cnn"
[schedule]
epochs = 5
batch = 16
rate = 2e-3
[augmentation]
flip = 0.5
translation = 0.05
brightness = 0.2
"""


def draw_figure(rng: np.random.Generator, *, figure: bool) -> Image.Image:
    coarse = rng.integers(40, 200, (9, 12, 3), np.uint8)
    image = Image.fromarray(coarse).resize((96, 96), Image.Resampling.BICUBIC)
    if figure:
        left = int(rng.integers(20, 40))
        draw = ImageDraw.Draw(image)
        draw.rectangle((left, 45, left + 40, 90), fill=(40, 60, 150))
        draw.ellipse((left + 8, 12, left + 32, 42), fill=(225, 180, 150))
    return image


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders as a user has them: a label each, a day each below it."""
    root = tmp_path_factory.mktemp("networks") / "photos"
    rng = np.random.default_rng(3)
    for label in ("empty", "figure"):
        for day in range(6):
            folder = root / label / f"{label}-day{day}"
            folder.mkdir(parents=True)
            for number in range(7):
                image = draw_figure(rng, figure=label == "figure")
                image.save(folder / f"{number}.jpg", quality=90)
    return root


@pytest.fixture(scope="session")
def dataset(photos: Path) -> Path:
    folder = photos.parent / "set"
    assert main(["prepare", str(folder), str(photos)]) == 0
    return folder


@pytest.fixture(scope="session")
def recipe_file(photos: Path) -> Path:
    file = photos.parent / "tiny.toml"
    file.write_text(RECIPE, "utf-8")
    return file


@pytest.fixture
def recipe() -> NetRecipe:
    return NetRecipe(
        name="tiny",
        version="1",
        title="?",
        seed=3,
        input=InputSpec(width=32, height=32),
        network=Network(architecture="drawing_cnn"),
        schedule=Schedule(epochs=2),
        augmentation=Augmentation(flip=0.5, noise=5),
    )
