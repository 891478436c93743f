"""Small plots as paths of SVG: one bar a value, drawn alike by `static/js/status.js`."""

from collections.abc import Sequence

BAR, GAP = 3, 1  # width of a bar and of the space after it, in units of the plot
HEIGHT = 40


def draw_bars(values: Sequence[float | None]) -> str:
    """Return the path of bars as high as the values, the highest of them at the top.

    A value that is not known leaves its place empty; zero is a hairline.
    """
    most = max((value or 0 for value in values), default=0) or 1
    heights = [None if value is None else max(1, HEIGHT * value / most) for value in values]
    return "".join(
        f"M{place * (BAR + GAP)} {HEIGHT}v-{height:.1f}h{BAR}V{HEIGHT}z"
        for place, height in enumerate(heights)
        if height is not None
    )
