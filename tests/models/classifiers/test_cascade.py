import io
import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
from PIL import Image

from models.catalogue import Pipeline, Stage
from models.classifiers import cascade as cascade_module
from models.classifiers.cascade import Cascade, CascadeResult, Prediction
from models.errors import ArtefactMismatch, CatalogueError, ImageError
from models.manifest import InputSpec, Manifest, OutputSpec

MakeArtefact = Callable[..., Path]
MakeManifest = Callable[..., Manifest]

RED, YELLOW, BLUE = (255, 0, 0), (255, 255, 0), (0, 0, 255)
FIRST = Stage(name="red", model="red", version="1", question="Is it red?", passes_on="red")
SECOND = Stage(
    name="yellow", model="yellow", version="1", question="Is it yellow?", passes_on="yellow"
)
PIPELINE = Pipeline(
    slug="colours",
    title="Colours",
    description="Looks for red and then for yellow.",
    input="photo",
    stages=(FIRST, SECOND),
    texts={"not_red": "no red", "yellow": "red, yellow", "not_yellow": "red, others"},
)


def encode(colour: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def root(tmp_path: Path, make_artefact: MakeArtefact, make_manifest: MakeManifest) -> Path:
    """Two models: the first sees red, the second sees green, which makes red yellow."""
    make_artefact(make_manifest())
    output = make_manifest().output
    second = make_manifest(
        name="yellow",
        labels=("not_yellow", "yellow"),
        input=InputSpec(width=24, height=24, dtype="float32"),
        output=replace(output, positive="yellow"),
    )
    make_artefact(second, channels=[1])
    return tmp_path


@pytest.fixture
def cascade(root: Path) -> Cascade:
    return Cascade.load(PIPELINE, root)


def test_a_stage_that_declines_ends_the_cascade(cascade: Cascade) -> None:
    result = cascade.run(encode(BLUE))
    assert (result.text, result.label) == ("no red", "not_red")
    assert [stage.stage for stage in result.stages] == ["red"]


@pytest.mark.parametrize(
    ("colour", "text", "label"),
    [(YELLOW, "red, yellow", "yellow"), (RED, "red, others", "not_yellow")],
)
def test_a_stage_that_passes_lets_the_next_one_answer(
    cascade: Cascade, colour: tuple[int, int, int], text: str, label: str
) -> None:
    result = cascade.run(encode(colour))
    assert (result.text, result.label) == (text, label)
    assert [stage.passed for stage in result.stages] == [True, label == "yellow"]


def test_a_prediction_carries_what_a_reader_needs(cascade: Cascade) -> None:
    first = cascade.run(encode(YELLOW)).stages[0]
    assert (first.question, first.model, first.version) == ("Is it red?", "red", "1")
    assert (first.threshold, first.unsure_band) == (0.5, (0.4, 0.6))
    assert first.score == first.scores["red"]
    assert first.milliseconds > 0


def test_each_stage_is_told_as_it_ends(cascade: Cascade) -> None:
    told: list[Prediction] = []
    result = cascade.run(encode(YELLOW), told.append)
    assert tuple(told) == result.stages


def test_the_picture_is_decoded_once_for_the_largest_input(
    cascade: Cascade, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[int, int] | None] = []

    def decode(data: bytes, *, smallest: tuple[int, int] | None = None) -> Image.Image:
        calls.append(smallest)
        return Image.new("RGB", (64, 48), YELLOW)

    monkeypatch.setattr(cascade_module, "decode", decode)
    assert len(cascade.run(b"").stages) == 2
    assert calls == [(24, 24)]


def test_a_score_in_the_band_is_unsure(cascade: Cascade) -> None:
    result = cascade.run(encode((127, 0, 0)))  # the mean of its range: a score of one half
    assert result.stages[0].unsure
    assert result.unsure


def test_a_clear_score_is_not_unsure(cascade: Cascade) -> None:
    assert not cascade.run(encode(YELLOW)).unsure


def test_a_score_equal_to_the_threshold_passes(
    root: Path, make_artefact: MakeArtefact, make_manifest: MakeManifest
) -> None:
    output = replace(make_manifest().output, threshold=0.0)
    make_artefact(make_manifest(version="2", output=output))
    cascade = Cascade.load(PIPELINE, root, {"red": "2"})
    assert cascade.run(encode(BLUE)).stages[0].passed


def test_a_version_can_be_chosen_at_load(
    root: Path, make_artefact: MakeArtefact, make_manifest: MakeManifest
) -> None:
    make_artefact(make_manifest(version="2"))
    cascade = Cascade.load(PIPELINE, root, {"red": "2"})
    assert cascade.versions == {"red": "2", "yellow": "1"}
    assert cascade.run(encode(BLUE)).stages[0].version == "2"


def test_a_picture_that_does_not_decode_is_an_image_error(cascade: Cascade) -> None:
    with pytest.raises(ImageError, match="end of the JPEG file is missing"):
        cascade.run(encode(RED)[:-20])


def test_nothing_but_plain_data_leaves(cascade: Cascade) -> None:
    result = cascade.run(encode(YELLOW))
    plain = {field.name: getattr(result, field.name) for field in fields(CascadeResult)}
    plain["stages"] = [
        {field.name: getattr(stage, field.name) for field in fields(Prediction)}
        for stage in result.stages
    ]
    assert "yellow" in json.dumps(plain)


def test_a_last_stage_without_a_gate_answers_its_best_label(
    tmp_path: Path, make_artefact: MakeArtefact, make_manifest: MakeManifest
) -> None:
    output = OutputSpec(
        activation="softmax", threshold=0.4, unsure=(0.0, 0.5), threshold_chosen="for tests"
    )
    make_artefact(
        make_manifest(
            name="colour", task="multiclass", labels=("red", "green", "blue"), output=output
        ),
        channels=[0, 1, 2],
    )
    stage = Stage(
        name="colour", model="colour", version="1", question="Which colour?", passes_on=None
    )
    texts = {"red": "it is red", "green": "it is green", "blue": "it is blue"}
    cascade = Cascade.load(replace(PIPELINE, stages=(stage,), texts=texts), tmp_path)
    sure, grey = cascade.run(encode(BLUE)), cascade.run(encode((90, 80, 85)))
    assert (sure.text, sure.label, sure.unsure, sure.stages[0].passed) == (
        "it is blue",
        "blue",
        False,
        True,
    )
    assert sure.stages[0].score == max(sure.stages[0].scores.values())
    assert (grey.label, grey.unsure, grey.stages[0].passed) == ("red", True, False)


def test_a_gate_that_the_model_does_not_know_is_refused(root: Path) -> None:
    pipeline = replace(PIPELINE, stages=(replace(FIRST, passes_on="human"), SECOND))
    with pytest.raises(CatalogueError, match="passes_on must be one of not_red, red, got 'human'"):
        Cascade.load(pipeline, root)


def test_an_outcome_without_a_text_is_refused(root: Path) -> None:
    pipeline = replace(PIPELINE, texts={"not_red": "no red", "yellow": "red, yellow"})
    with pytest.raises(CatalogueError, match="has no text for not_yellow"):
        Cascade.load(pipeline, root)


def test_a_folder_with_another_model_is_refused(root: Path) -> None:
    (root / "red" / "1").rename(root / "red" / "7")
    with pytest.raises(ArtefactMismatch, match="expected red version 7, its manifest says red"):
        Cascade.load(PIPELINE, root, {"red": "7"})
