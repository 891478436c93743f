import dataclasses
from pathlib import Path

import numpy as np
import pytest

from models.training.framing import EMPTY, THERE, UNKNOWN
from models.training.recipes import Recipe
from models.training.scenes import SceneMaker, find_empty
from models.training.sources import Box, Photo, list_photos

FIGURE: Box = (28.0, 10.0, 70.0, 112.0, 0.9)


@pytest.fixture
def photos(scene_data: Path, scene_recipe: Recipe) -> list[Photo]:
    listed = list_photos(scene_data, scene_recipe, scene_recipe.folders, {})
    return [dataclasses.replace(p, boxes=(FIGURE,)) if p.label else p for p in listed]


def test_equal_indices_give_equal_samples(photos: list[Photo], scene_recipe: Recipe) -> None:
    one, other = (SceneMaker(scene_recipe, photos) for _ in range(2))
    for index in range(12):
        first, second = one.make(index), other.make(index)
        assert (first.label, first.folds) == (second.label, second.folds)
        assert np.array_equal(np.asarray(first.image), np.asarray(second.image))


def test_labels_take_turns(photos: list[Photo], scene_recipe: Recipe) -> None:
    maker = SceneMaker(scene_recipe, photos)
    assert [maker.make(index).label for index in range(6)] == [0, 1, 0, 1, 0, 1]


def test_a_sample_names_the_fold_of_every_photo_in_it(
    photos: list[Photo], scene_recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    really_open = Photo.open

    def watch(photo: Photo) -> object:
        opened.append(photo.fold)
        return really_open(photo)

    monkeypatch.setattr(Photo, "open", watch)
    maker = SceneMaker(scene_recipe, photos)
    mixed = 0
    for index in range(60):
        opened.clear()
        sample = maker.make(index)
        if sample.kind == "whole":
            assert sample.folds == set(opened)
        assert sample.folds <= set(opened)
        mixed += len(sample.folds) > 1
    assert mixed > 0


def test_without_boxes_only_whole_photos_are_made(scene_data: Path, scene_recipe: Recipe) -> None:
    photos = list_photos(scene_data, scene_recipe, scene_recipe.folders, {})
    maker = SceneMaker(scene_recipe, photos)
    assert {maker.make(index).kind for index in range(20)} == {"whole"}


def test_a_part_without_people_touches_no_box(photos: list[Photo]) -> None:
    photo = dataclasses.replace(photos[0], boxes=((150.0, 20.0, 190.0, 140.0, 0.06),))
    rng = np.random.default_rng(3)
    found = [find_empty(photo, (320, 240), rng) for _ in range(200)]
    windows = [window for window in found if window is not None]
    assert len(windows) > 50
    for left, top, right, bottom in windows:
        assert right <= 150 or left >= 190 or bottom <= 20 or top >= 140


def test_a_photo_in_which_nobody_was_found_says_nothing_about_its_parts(
    photos: list[Photo],
) -> None:
    photo = dataclasses.replace(photos[0], boxes=())
    assert find_empty(photo, (320, 240), np.random.default_rng(0)) is None


def test_cells_tell_where_people_are_and_nothing_where_nobody_looked(
    photos: list[Photo], scene_recipe: Recipe
) -> None:
    blind = SceneMaker(scene_recipe, photos)
    seeing = SceneMaker(scene_recipe, photos, lambda image: [(0, 0, *image.size, 0.9)])
    kinds = set()
    for index in range(40):
        sample, seen = blind.make(index), seeing.make(index)
        kinds.add((sample.kind, sample.label))
        if not sample.label:
            assert not (sample.cells != EMPTY).any()
            assert not (seen.cells != EMPTY).any()
        else:
            pasted = sample.kind == "paste"
            assert (sample.cells == THERE).any() == pasted
            assert (sample.cells == UNKNOWN).all() == (not pasted)
            assert (seen.cells == THERE).all()
    assert {("paste", 1), ("whole", 1), ("whole", 0)} <= kinds
