"""Marks that go onto clothes and boxes: logos cut out of pictures, and words in any font.

A mark is an "L" picture: how much ink lies at each pixel. Owns reading logos of all kinds (with
transparency, light on dark, dark on light, a card on white) and inventing words that are no brand.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from models.training.degrade import Rng, load_font

FONTS = (
    "DejaVuSans-BoldOblique.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSans.ttf",
    "DejaVuSans-Oblique.ttf",
    "DejaVuSerif-Bold.ttf",
    "DejaVuSerif-BoldItalic.ttf",
    "DejaVuSansMono-Bold.ttf",
    "STIXGeneralBol.ttf",
    "STIXGeneralBolIta.ttf",
)
# Words for clothes of others; made-up ones are added to them, so that only the mark itself tells.
_WORD_LIST = (
    "delivery express pizza security staff police courier runner team sports kitchen chicken "
    "coffee market fresh taxi service crew club city urban classic original summer rocket "
    "tomato mango bistro parcel cargo swift dabba tiffin masala"
)
WORDS = tuple(_WORD_LIST.split())
_LONGEST = 320  # pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Ink of a mark, cut to its edges, and the name of where it came from."""

    ink: Image.Image  # "L"
    name: str


def read_mark(path: Path, *, widest: float = 9.0, narrowest: float = 0.6) -> Mark | None:
    """Cut the mark out of a logo's picture; None when nothing that looks like one is in it.

    A mark's width over its height must lie between `narrowest` and `widest`.
    """
    with Image.open(path) as opened:
        image = opened.convert("RGBA")
    image.thumbnail((2 * _LONGEST, 2 * _LONGEST))
    pixels = np.asarray(image, np.float32)  # (h, w, 4)
    alpha = np.asarray(pixels[..., 3] / 255, np.float32)
    if (alpha < 0.5).mean() > 0.25 and _border(alpha) < 0.5:
        ink = alpha
    else:
        shown = pixels[..., :3] * alpha[..., None] + 255 * (1 - alpha[..., None])
        colours = np.asarray(shown, np.float32)
        frame = max(1, min(colours.shape[:2]) // 40)  # thin frames and rounded corners
        ink = _separate(colours[frame:-frame, frame:-frame])
    cut = _cut_to_edges(ink)
    if cut is None or not 0.05 < cut.mean() < 0.6:
        return None
    if not narrowest < cut.shape[1] / cut.shape[0] < widest:
        return None
    picture = Image.fromarray((cut * 255).astype(np.uint8))
    picture.thumbnail((_LONGEST, _LONGEST))
    return Mark(ink=picture, name=path.stem)


def _border(values: NDArray[np.float32]) -> float:
    edges = (values[0], values[-1], values[:, 0], values[:, -1])
    return float(np.median(np.concatenate(edges)))


def _separate(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tell ink from ground in an opaque picture (h, w, 3) by what its border looks like."""
    edges = np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]])
    ground = np.median(edges, axis=0)
    if ground.min() > 225:  # white: dark ink, or a coloured card with white ink
        card = colours.min(axis=-1) < 140
        rows, columns = np.flatnonzero(card.any(1)), np.flatnonzero(card.any(0))
        if len(rows) and len(columns):
            inside = colours[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            if (inside.min(axis=-1) < 140).mean() > 0.6:
                edge = max(1, int(min(inside.shape[:2]) * 0.07))
                inside = inside[edge:-edge, edge:-edge]
                ground, colours = np.median(inside.reshape(-1, 3), axis=0), inside
    distance = np.abs(colours - ground).max(axis=-1)
    reach = float(np.quantile(distance, 0.99)) or 1.0
    return np.asarray(np.clip((distance / reach - 0.25) / 0.6, 0, 1), np.float32)


def _cut_to_edges(ink: NDArray[np.float32]) -> NDArray[np.float32] | None:
    rows = np.flatnonzero((ink > 0.5).sum(1) > 0)
    columns = np.flatnonzero((ink > 0.5).sum(0) > 0)
    if len(rows) < 6 or len(columns) < 12:
        return None
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def write_word(text: str, font_name: str, *, height: int = 64) -> Image.Image:
    """Draw a word as ink, cut to its edges."""
    font = load_font(font_name, height)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (max(1, int(right - left)), max(1, int(bottom - top))), 0)
    ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=font)
    return image.crop(image.getbbox())


def invent_word(rng: Rng) -> str:
    """Return a word that is no brand: a common one or one of random letters."""
    if rng.random() < 0.5:
        word = str(rng.choice(WORDS))
    else:
        letters = ["bcdfghklmnprstvwz", "aeiou"]
        word = "".join(str(rng.choice(list(letters[i % 2]))) for i in range(rng.integers(4, 9)))
    return word.upper() if rng.random() < 0.4 else word


def set_lines(
    middle: Image.Image, above: str | None, below: str | None, font_name: str
) -> Image.Image:
    """Set small lines of text above and below a mark, centred, as on the backs of shirts."""
    small = max(9, round(middle.height * 0.32))
    parts = [write_word(above, font_name, height=small)] if above else []
    parts.append(middle)
    parts += [write_word(below, font_name, height=small)] if below else []
    gap = max(2, round(middle.height * 0.22))
    width = max(part.width for part in parts)
    height = sum(part.height for part in parts) + gap * (len(parts) - 1)
    image, top = Image.new("L", (width, height), 0), 0
    for part in parts:
        image.paste(part, ((width - part.width) // 2, top))
        top += part.height + gap
    return image


def soften(ink: Image.Image, radius: float) -> Image.Image:
    """Blur ink a little, as cloth and cameras do."""
    return ink.filter(ImageFilter.GaussianBlur(radius)) if radius > 0 else ink
