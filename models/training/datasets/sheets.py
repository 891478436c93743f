"""Draws contact sheets: a look at what a dataset holds, or at what a model got wrong.

They show the pictures of people: a run writes them below var/, which git ignores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from models.classifiers import image as serving

_CELL, _LINE, _COLUMNS = 150, 14, 8  # pixels, pixels, pictures
MOST = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One picture of a sheet and the line above it."""

    path: Path
    text: str


def draw_tiles(tiles: Sequence[Tile], file: Path) -> None:
    """Write up to 96 pictures as one PNG; more are thinned out evenly."""
    if len(tiles) > MOST:
        tiles = [tiles[place * len(tiles) // MOST] for place in range(MOST)]
    rows = max(1, -(-len(tiles) // _COLUMNS))
    sheet = Image.new("RGB", (_CELL * _COLUMNS, (_CELL + _LINE) * rows), "#202020")
    draw = ImageDraw.Draw(sheet)
    for number, tile in enumerate(tiles):
        left, top = number % _COLUMNS * _CELL, number // _COLUMNS * (_CELL + _LINE)
        picture = serving.decode(tile.path.read_bytes(), smallest=(_CELL, _CELL))
        picture.thumbnail((_CELL - 4, _CELL - 4))
        sheet.paste(picture, (left + 2, top + _LINE))
        draw.text((left + 2, top + 1), tile.text[:24], fill="white")
    file.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(file)
