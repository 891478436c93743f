import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.training.framing import THERE
from models.training.garments import cut_out, find_masked, lay
from models.training.recipes import Recipe
from models.training.scenes import SceneMaker
from models.training.sources import list_photos

SKIN = (225, 180, 150)


@pytest.fixture
def photo(composite_data: Path) -> Image.Image:
    with Image.open(composite_data / "dressed" / "p0.jpg") as opened:
        return opened.convert("RGB")


def _count_skin(cut: Image.Image) -> int:
    """Count what is seen of a head's colour."""
    pixels = np.asarray(cut, np.int64)
    near = (np.abs(pixels[..., :3] - SKIN) < 30).all(axis=-1)
    return int((near & (pixels[..., 3] > 200)).sum())


def test_clothes_without_a_wearer_show_no_skin(photo: Image.Image, composite_data: Path) -> None:
    mask, seen = composite_data / "masks" / "p0.png", 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        worn = cut_out(photo, mask, rng, person=True)
        alone = cut_out(photo, mask, rng, person=False)
        assert worn is not None
        assert _count_skin(worn) > 300
        if alone is not None:  # None: the figure wears none of the kind that was asked for
            assert _count_skin(alone) == 0
            seen += 1
    assert seen > 3


def test_what_is_laid_lies_mostly_within_the_ground() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        ground = Image.new("RGB", (300, 200))
        left, top, right, bottom = lay(ground, Image.new("RGBA", (60, 120), "white"), rng)
        assert 0 <= left < right <= 300
        assert 0 <= top < bottom <= 200
        assert np.asarray(ground).any()


def test_samples_beyond_the_count_are_people_and_clothes_in_turn(
    composite_data: Path, composite_recipe: Recipe, scene_recipe: Recipe
) -> None:
    grounds = list_photos(composite_data, composite_recipe, composite_recipe.folders, {})
    people = [dataclasses.replace(photo, label=1) for photo in grounds]
    recipe = dataclasses.replace(scene_recipe, extras={"masks": "masks"})
    masks = find_masked(recipe, composite_data, people)
    maker = SceneMaker(recipe, [*grounds, *people], masks=masks)
    count = recipe.samples.count
    kinds = {maker.make(index).kind for index in range(8)}
    made = [maker.make(count + index) for index in range(4)]
    assert "dress" not in kinds
    assert [(sample.kind, sample.label) for sample in made] == [("dress", 0), ("dress", 1)] * 2
    assert [THERE in sample.cells for sample in made] == [False, True] * 2
