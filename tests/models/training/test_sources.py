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


def test_photos_that_show_a_person_after_all_are_left_out(
    scene_data: Path, scene_recipe: Recipe
) -> None:
    folder = Folder(path="empty", label="empty", unless=0.3)
    boxes = {"empty/x_0.jpg": [(0.0, 0.0, 9.0, 9.0, 0.3)], "empty/x_1.jpg": [(0, 0, 9, 9, 0.2)]}
    names = {photo.name for photo in list_photos(scene_data, scene_recipe, [folder], boxes)}
    assert "empty/x_0.jpg" not in names
    assert {"empty/x_1.jpg", "empty/x_2.jpg"} <= names


def test_a_folder_may_give_some_of_its_sources(scene_data: Path, scene_recipe: Recipe) -> None:
    folder = Folder(path="empty", label="empty", only=["y"])
    photos = list_photos(scene_data, scene_recipe, [folder], {})
    assert {photo.source for photo in photos} == {"y"}


def test_frames_of_one_clip_are_held_out_together(scene_data: Path, scene_recipe: Recipe) -> None:
    rows = [
        f"{label}/{source}_{number}.jpg,repo,v/clip{number % 4}.mp4#f{number}"
        for label, source in (("figure", "a"), ("empty", "x"))
        for number in range(12)
    ]
    table = scene_data / "clips.csv"
    table.write_text("\n".join(["file,source_repo,path_in_repo", *rows]))
    folders = [
        Folder(path=path, label=path, only=[source], source="gate", clips="clips.csv")
        for path, source in (("figure", "a"), ("empty", "x"))
    ]
    recipe = dataclasses.replace(scene_recipe, folds=(), fold_count=3)
    photos = list_photos(scene_data, recipe, folders, {})
    folds: dict[int, set[int]] = {}
    for photo in photos:
        folds.setdefault(int(photo.name[:-4].split("_")[1]) % 4, set()).add(photo.fold)
    assert {photo.source for photo in photos} == {"gate"}
    assert [len(found) for found in folds.values()] == [1, 1, 1, 1]
    assert len({photo.fold for photo in photos}) > 1


def test_an_empty_folder_is_an_error_that_names_it(tmp_path: Path, scene_recipe: Recipe) -> None:
    with pytest.raises(RecipeError, match=r"no pictures in .*figure"):
        list_photos(tmp_path, scene_recipe, scene_recipe.folders, {})
