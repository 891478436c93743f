"""Tiny made data: figures with a head on a striped ground, and the same grounds without."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from models.manifest import InputSpec
from models.training.recipes import Fit, Folder, Recipe, Samples


def draw_photo(rng: np.random.Generator, *, person: bool, ground: int) -> Image.Image:
    """Draw 96 x 128 pixels of noise and stripes, with a figure in it or not."""
    y, x = np.mgrid[0:128, 0:96]
    stripes = 90 + 50 * np.sin((x * (ground % 3) + y * (ground % 2 + 1)) / (4 + ground))
    noise = rng.normal(0, 12, (128, 96, 3))
    pixels = np.clip(stripes[..., None] + noise, 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    if person:
        draw = ImageDraw.Draw(image)
        left = int(rng.integers(20, 36))
        draw.rectangle((left, 45, left + 40, 110), fill=(40, 60, 150))
        draw.ellipse((left + 8, 12, left + 32, 42), fill=(225, 180, 150))
    return image


@pytest.fixture(scope="session")
def scene_recipe() -> Recipe:
    return Recipe(
        name="tiny",
        version="1",
        title="Is there a figure?",
        maker="scenes",
        labels=("empty", "figure"),
        seed=7,
        input=InputSpec(width=64, height=64),
        samples=Samples(count=160, kinds={"whole": 0.6, "crop": 0.2, "paste": 0.2}, strength=0.3),
        fit=Fit(
            epochs=3, batch=16, rate=5e-4, calibrated_on=8, starts=15, pooling="cells", guide=0.5
        ),
        folders=(Folder(path="figure", label="figure"), Folder(path="empty", label="empty")),
        folds=(("a", "x"), ("b", "y")),
        fold_count=2,
    )


@pytest.fixture(scope="session")
def scene_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make two folders of pictures from two sources each."""
    data = tmp_path_factory.mktemp("scenes")
    rng = np.random.default_rng(5)
    for label, sources in (("figure", "ab"), ("empty", "xy")):
        folder = data / label
        folder.mkdir()
        for source in sources:
            for number in range(12):
                image = draw_photo(rng, person=label == "figure", ground=number % 5)
                image.save(folder / f"{source}_{number}.jpg", quality=90)
    return data


@pytest.fixture
def composite_recipe(scene_recipe: Recipe) -> Recipe:
    return dataclasses.replace(
        scene_recipe,
        name="tiny_rider",
        maker="composites",
        labels=("others", "rider"),
        folders=(Folder(path="dressed", label="others"),),
        folds=(),
        samples=Samples(count=60, kinds={"person": 1.0}, strength=0.0),
        extras={"masks": "masks", "marks": "marks", "brands": "brands", "source_of": "stem"},
    )


@pytest.fixture
def composite_data(tmp_path: Path) -> Path:
    """Make people with masks of their clothes, and logos to print."""
    rng = np.random.default_rng(6)
    data = tmp_path / "data"
    for name in ("dressed", "masks", "marks", "brands"):
        (data / name).mkdir(parents=True)
    for number in range(12):
        image = draw_photo(rng, person=False, ground=number % 5)
        classes = Image.new("L", image.size, 0)
        for picture, clothes, skin in ((image, (90, 110, 90), (225, 180, 150)), (classes, 1, 4)):
            draw = ImageDraw.Draw(picture)
            draw.ellipse((36, 8, 60, 36), fill=skin)
            draw.rectangle((22, 36, 74, 100), fill=clothes)
        image.save(data / "dressed" / f"p{number}.jpg", quality=95)
        classes.save(data / "masks" / f"p{number}.png")
    for folder in ("marks", "brands"):
        for number in range(4):
            logo = Image.new("RGB", (300, 90), (203, 32, 45))
            draw = ImageDraw.Draw(logo)
            for letter in range(6):
                left = 20 + letter * 44
                draw.rectangle((left, 20 + number * 3, left + 30, 70), outline="white", width=9)
            logo.save(data / folder / f"logo{number}.png")
    return data
