import dataclasses
from pathlib import Path

import pytest

from models.training.recipes import Folder, Recipe, RecipeError
from models.training.sources import assign_fold, list_photos, name_source, spread


def test_a_source_is_a_subfolder_or_the_start_of_a_name() -> None:
    folder = Path("data/human")
    assert name_source(folder / "gate2" / "7.jpg", folder) == "gate2"
    assert name_source(folder / "rid_7.jpg", folder) == "rid"
    assert name_source(folder / "7.jpg", folder) == "7"


def test_all_photos_of_a_source_lie_in_one_fold(scene_data: Path, scene_recipe: Recipe) -> None:
    folds: dict[str, set[int]] = {}
    for photo in list_photos(scene_data, scene_recipe, scene_recipe.folders, {}):
        folds.setdefault(photo.source, set()).add(photo.fold)
    assert folds == {"a": {0}, "x": {0}, "b": {1}, "y": {1}}


def test_a_source_that_no_fold_names_is_spread_by_its_name(scene_recipe: Recipe) -> None:
    assert assign_fold("unknown", scene_recipe) == spread("unknown", 2)


def test_spreading_is_the_same_everywhere() -> None:
    assert [spread(name, 3) for name in ("gate1", "gate2", "gate3", "gate4")] == [0, 0, 2, 2]


def test_photos_kept_apart_belong_to_no_fold(scene_data: Path, scene_recipe: Recipe) -> None:
    away = Folder(path="figure", label="figure")
    recipe = dataclasses.replace(scene_recipe, apart=(away,))
    assert {photo.fold for photo in list_photos(scene_data, recipe, recipe.apart, {})} == {-1}


def test_an_empty_folder_is_an_error_that_names_it(tmp_path: Path, scene_recipe: Recipe) -> None:
    with pytest.raises(RecipeError, match=r"no pictures in .*figure"):
        list_photos(tmp_path, scene_recipe, scene_recipe.folders, {})
