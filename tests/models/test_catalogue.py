import subprocess
import sys
from pathlib import Path

import pytest

from models.catalogue import artefact_folder, load_pipelines
from models.errors import CatalogueError

SOUND = """
[[pipeline]]
slug = "colours"
title = "Colours"
description = "Looks for red."
input = "photo"
[pipeline.texts]
red = "it is red"
not_red = "it is not red"
[[pipeline.stage]]
name = "red"
model = "red"
version = "1"
question = "Is it red?"
passes_on = "red"
"""


def load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "pipelines.toml"
    path.write_text(text, encoding="utf-8")
    return load_pipelines(path)


def test_the_pipeline_zomato_rider_keeps_the_three_texts_of_its_predecessor() -> None:
    assert dict(load_pipelines()["zomato-rider"].texts) == {
        "no_human": "no human detected",
        "zomato_delivery_boy": "human_detected, zomato_delivery_boy",
        "others": "human_detected, others",
    }


def test_the_pipeline_zomato_rider_asks_for_a_person_first() -> None:
    stages = load_pipelines()["zomato-rider"].stages
    assert [(stage.name, stage.passes_on) for stage in stages] == [
        ("person", "human"),
        ("zomato_rider", "zomato_delivery_boy"),
    ]


def test_pipelines_cannot_be_changed_after_loading() -> None:
    with pytest.raises(TypeError):
        load_pipelines()["zomato-rider"].texts["others"] = "?"  # type: ignore[index]


def test_the_catalogue_loads_neither_numpy_nor_pillow() -> None:
    code = (
        "import sys, models.catalogue; "
        "print({'numpy', 'PIL', 'ai_edge_litert'} & {name.split('.')[0] for name in sys.modules})"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "set()", answer.stderr


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('title = "Colours"', "", "title is missing"),
        ('title = "Colours"', 'title = " "', "title must be a text"),
        ('slug = "colours"', 'slug = "../colours"', "slug must be a name"),
        ('input = "photo"', 'input = "sound"', "input must be one of photo"),
        ('input = "photo"', 'input = "photo"\nmodle = "x"', "nobody reads modle"),
        ('version = "1"', "version = 1", "version must be a text"),
        ('question = "Is it red?"', 'question = "?"\ngate = "x"', "nobody reads gate"),
        ("[pipeline.texts]", "[pipeline.words]", "texts is missing"),
        ('not_red = "it is not red"', "not_red = 3", "not_red must be a text"),
    ],
)
def test_a_bad_entry_is_refused_by_name(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(CatalogueError, match=reason):
        load(tmp_path, SOUND.replace(old, new, 1))


def test_two_pipelines_of_one_slug_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="slug must be used once, got 'colours'"):
        load(tmp_path, SOUND + SOUND)


def test_two_stages_of_one_name_are_refused(tmp_path: Path) -> None:
    stage = SOUND[SOUND.index("[[pipeline.stage]]") :]
    with pytest.raises(CatalogueError, match="differently named stages"):
        load(tmp_path, SOUND + stage)


def test_only_the_last_stage_may_have_no_gate(tmp_path: Path) -> None:
    stage = SOUND[SOUND.index("[[pipeline.stage]]") :]
    first_without = SOUND.replace('passes_on = "red"', "")
    with pytest.raises(CatalogueError, match="given in every stage but the last"):
        load(tmp_path, first_without + stage.replace('name = "red"', 'name = "again"'))


def test_a_missing_file_is_refused_by_path(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"pipelines\.toml is missing"):
        load_pipelines(tmp_path / "pipelines.toml")


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="is no TOML file"):
        load(tmp_path, "[[pipeline")


def test_an_artefact_lies_under_its_model_and_version(tmp_path: Path) -> None:
    assert artefact_folder("person", "2.1", tmp_path) == tmp_path / "person" / "2.1"


@pytest.mark.parametrize("version", ["..", "1/2", "", "1\n", ".hidden", "a..b", "1 "])
def test_a_version_cannot_lead_out_of_the_folder(tmp_path: Path, version: str) -> None:
    with pytest.raises(CatalogueError, match="is no version"):
        artefact_folder("person", version, tmp_path)
