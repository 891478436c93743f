from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import models.training
from models.classifiers.image import fit, normalise
from models.training.networks.recipe import is_net_recipe, load_net_recipe
from models.training.recipes import RecipeError, load_recipe

RECIPES = Path(models.training.__file__).parent / "recipes"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_recipe_is_sound_and_named_like_its_file(path: Path) -> None:
    load = load_net_recipe if is_net_recipe(path) else load_recipe
    assert load(path).name == path.stem


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_picture_can_be_prepared_as_a_shipped_recipe_says(path: Path) -> None:
    spec = (load_net_recipe if is_net_recipe(path) else load_recipe)(path).input
    prepared = normalise(fit(Image.new("RGB", (40, 30)), spec), replace(spec, dtype="float32"))
    assert prepared.shape == (1, spec.height, spec.width, 3)


def test_a_misspelt_setting_is_an_error_that_names_it(tmp_path: Path) -> None:
    text = (RECIPES / "person.toml").read_text("utf-8").replace("seed = 1", "sede = 1")
    (tmp_path / "recipe.toml").write_text(text, "utf-8")
    with pytest.raises(RecipeError, match="sede"):
        load_recipe(tmp_path / "recipe.toml")


def test_a_missing_recipe_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no recipe at .*nothing\.toml"):
        load_recipe(tmp_path / "nothing.toml")


def test_samples_are_named_alike_only_if_equal_recipes_make_them() -> None:
    person, rider = (load_recipe(RECIPES / f"{name}.toml") for name in ("person", "zomato_rider"))
    assert person.digest(of_samples=True) == person.digest(of_samples=True)
    assert person.digest(of_samples=True) != rider.digest(of_samples=True)
