import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.training.boxes import draw_box
from models.training.composites import CompositeMaker
from models.training.dress import Ink, dye, print_mark
from models.training.framing import THERE
from models.training.marks import read_mark, write_word
from models.training.recipes import Recipe, RecipeError
from models.training.sources import list_photos

RED = (226, 35, 55)


@pytest.fixture
def maker(composite_recipe: Recipe, composite_data: Path) -> CompositeMaker:
    photos = list_photos(composite_data, composite_recipe, composite_recipe.folders, {})
    return CompositeMaker(composite_recipe, composite_data, photos)


@pytest.fixture
def clothes() -> Image.Image:
    mask = Image.new("L", (120, 160), 0)
    mask.paste(255, (30, 40, 90, 130))
    return mask


@pytest.fixture
def person() -> Image.Image:
    grey = np.random.default_rng(1).normal(110, 15, (160, 120, 1)).clip(0, 255).astype(np.uint8)
    return Image.fromarray(np.repeat(grey, 3, axis=2))


def test_dyed_clothes_are_red_and_nothing_else_is(
    person: Image.Image, clothes: Image.Image
) -> None:
    dyed = np.asarray(dye(person, clothes, RED, np.random.default_rng(2)), np.float32)
    before = np.asarray(person, np.float32)
    inside = dyed[45:125, 35:85]
    assert (inside[..., 0] - inside[..., 1]).mean() > 80
    outside = np.ones(before.shape[:2], bool)
    outside[34:136, 24:96] = False
    assert np.array_equal(dyed[outside], before[outside])


def test_dyed_clothes_keep_their_light_and_shade(person: Image.Image, clothes: Image.Image) -> None:
    dyed = np.asarray(dye(person, clothes, RED, np.random.default_rng(2)).convert("L"), np.float32)
    before = np.asarray(person.convert("L"), np.float32)
    inside = np.s_[45:125, 35:85]
    assert np.corrcoef(dyed[inside].ravel(), before[inside].ravel())[0, 1] > 0.8


def test_a_mark_is_printed_on_the_clothes_alone(person: Image.Image, clothes: Image.Image) -> None:
    ink = Ink(image=write_word("letters", "DejaVuSans-Bold.ttf"))
    printed, place = print_mark(person, clothes, ink, np.random.default_rng(4))
    changed = np.abs(np.asarray(printed, np.int16) - np.asarray(person, np.int16)).max(-1) > 25
    assert place is not None
    assert changed[40:130, 30:90].sum() > 40
    changed[37:133, 27:93] = False
    assert not changed.any()


def test_a_mark_that_would_be_hidden_is_not_printed(person: Image.Image) -> None:
    stripes = Image.new("L", (120, 160), 0)
    for left in range(30, 90, 12):
        stripes.paste(255, (left, 40, left + 4, 130))
    ink = Ink(image=write_word("letters", "DejaVuSans-Bold.ttf"))
    printed, place = print_mark(person, stripes, ink, np.random.default_rng(4))
    assert place is None
    assert printed is person


def test_positives_carry_a_mark_and_negatives_do_not(maker: CompositeMaker) -> None:
    kinds: dict[int, set[str]] = {0: set(), 1: set()}
    for index in range(80):
        sample = maker.make(index)
        kinds[sample.label].add(sample.kind)
    assert kinds[1] == {"marked shirt", "marked shirt and box", "marked box"}
    assert not kinds[0] & kinds[1]
    assert "red, no mark" in kinds[0]
    assert "red, other mark" in kinds[0]


def test_only_positives_tell_where_a_mark_is(maker: CompositeMaker) -> None:
    for index in range(20):
        sample = maker.make(index)
        assert (sample.cells == THERE).any() == bool(sample.label)


def test_a_composite_mixes_parts_of_one_fold_alone(maker: CompositeMaker) -> None:
    for index in range(12):
        assert maker.make(index).folds == {index // 2 % 2}
    parts = [
        ({p.name for p in pool.dressed}, {m.name for m in pool.marks}, set(pool.fonts))
        for pool in maker.pools
    ]
    for mine, others in zip(*parts, strict=True):
        assert mine
        assert not mine & others


def test_equal_indices_give_equal_composites(maker: CompositeMaker) -> None:
    first, second = maker.make(7), maker.make(7)
    assert np.array_equal(np.asarray(first.image), np.asarray(second.image))


def test_a_fold_without_parts_is_an_error_that_counts_them(
    composite_recipe: Recipe, composite_data: Path
) -> None:
    recipe = dataclasses.replace(
        composite_recipe, extras={**composite_recipe.extras, "marks": "no"}
    )
    photos = list_photos(composite_data, recipe, recipe.folders, {})
    with pytest.raises(RecipeError, match="0 marks"):
        CompositeMaker(recipe, composite_data, photos)


@pytest.mark.parametrize(
    ("ground", "ink"), [("white", "black"), ("#cb202d", "white"), ("black", "white")]
)
def test_a_logo_is_read_whatever_its_colours(tmp_path: Path, ground: str, ink: str) -> None:
    word = write_word("letters", "DejaVuSans-Bold.ttf", height=60)
    logo = Image.new("RGB", (word.width + 80, word.height + 80), ground)
    logo.paste(Image.new("RGB", word.size, ink), (40, 40), word)
    logo.save(tmp_path / "logo.png")
    mark = read_mark(tmp_path / "logo.png")
    assert mark is not None
    scaled = np.asarray(word.resize(mark.ink.size), np.float32)
    assert np.corrcoef(scaled.ravel(), np.asarray(mark.ink, np.float32).ravel())[0, 1] > 0.9


def test_a_plain_picture_holds_no_mark(tmp_path: Path) -> None:
    Image.new("RGB", (200, 100), "#cb202d").save(tmp_path / "logo.png")
    assert read_mark(tmp_path / "logo.png") is None


def test_a_box_shows_its_mark_on_its_front() -> None:
    word = write_word("letters", "DejaVuSans-Bold.ttf")
    plain, _ = draw_box(np.random.default_rng(5), RED, None)
    marked, (left, top, right, bottom) = draw_box(np.random.default_rng(5), RED, word)
    front = np.asarray(marked.crop((left, top, right, bottom)), np.int16)[..., :3].min(-1)
    bare = np.asarray(plain.crop((left, top, right, bottom)), np.int16)[..., :3].min(-1)
    assert (front > 100).mean() > (bare > 100).mean() + 0.05
