"""Draws samples as a contact sheet, to see what a training is fed with. Keep it out of git."""

from pathlib import Path

from PIL import Image, ImageDraw

from models.training.prepare import build_maker
from models.training.recipes import Recipe

_CELL, _COLUMNS, _ROWS = 180, 8, 6  # pixels, pictures


def draw_sheet(recipe: Recipe, data: Path, file: Path) -> None:
    """Write the first samples, negatives and positives in turn, with their kinds, as a picture."""
    maker = build_maker(recipe, data, {})
    sheet = Image.new("RGB", (_CELL * _COLUMNS, _CELL * _ROWS))
    draw = ImageDraw.Draw(sheet)
    for index in range(_COLUMNS * _ROWS):
        sample = maker.make(index)
        picture = sample.image.copy()
        picture.thumbnail((_CELL - 4, _CELL - 14))
        left, top = index % _COLUMNS * _CELL, index // _COLUMNS * _CELL
        sheet.paste(picture, (left, top + 12))
        draw.text((left, top), f"{recipe.labels[sample.label]}: {sample.kind}", fill="white")
    file.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(file)
