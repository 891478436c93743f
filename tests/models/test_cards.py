"""The cards in a folder of artefacts."""

from pathlib import Path

from models.cards import list_cards
from models.catalogue import ARTEFACTS_ROOT, load_pipelines


def test_newer_versions_come_first(tmp_path: Path) -> None:
    stage = next(iter(load_pipelines().values())).stages[0]
    text = (ARTEFACTS_ROOT / stage.model / stage.version / "manifest.toml").read_text()
    for version in ("2", "9", "10"):
        folder = tmp_path / stage.model / version
        folder.mkdir(parents=True)
        own = text.replace(f'version = "{stage.version}"', f'version = "{version}"', 1)
        (folder / "manifest.toml").write_text(own)
    assert [card.manifest.version for card in list_cards(tmp_path)] == ["10", "9", "2"]
