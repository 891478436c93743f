"""The card that is shipped is the one that its recipe's prose and its numbers give."""

import json
from pathlib import Path

from models.catalogue import artefact_folder
from models.training.card import PROSE, write_card
from models.training.recipes import load_recipe


def test_a_refit_would_write_the_rider_card_anew(tmp_path: Path) -> None:
    shipped = artefact_folder("zomato_rider", "1")
    metrics = json.loads((shipped / "metrics.json").read_text("utf-8"))
    write_card(tmp_path, load_recipe(PROSE / "zomato_rider.toml"), metrics)
    written = (tmp_path / "MODEL_CARD.md").read_text("utf-8")
    assert written == (shipped / "MODEL_CARD.md").read_text("utf-8")


def test_a_card_without_measurements_says_so(tmp_path: Path) -> None:
    shipped = artefact_folder("zomato_rider", "1")
    metrics = json.loads((shipped / "metrics.json").read_text("utf-8")) | {"held_out": {}}
    write_card(tmp_path, load_recipe(PROSE / "zomato_rider.toml"), metrics)
    assert "balanced | not kept | not measured |" in (tmp_path / "MODEL_CARD.md").read_text("utf-8")
