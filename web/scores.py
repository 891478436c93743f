"""Writes scores and shares for people, so that the digits never say more than the number does.

Owns the rounding: below 1 is never written 1.00, above 0 never 0.00, and a score never seems to lie
on the other side of a limit that it is compared with. `static/js/scores.js` does the same in the
browser. The API and the CSV have the numbers as they are.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

FEWEST, MOST = 2, 8  # decimals; eight tell any two float32 below 1 apart


def write_scores(score: float, limits: Sequence[float] = ()) -> tuple[str, ...]:
    """Write a score and the limits beside it, all in [0, 1], with equally many decimals.

    They are two, or as many as it takes to tell the score from each limit, and limits from 0 and 1.
    """
    tried = range(FEWEST, MOST)
    decimals = next((many for many in tried if _is_told(score, limits, many)), MOST)
    return tuple(write_share(value, decimals=decimals) for value in (score, *limits))


def write_share(share: float, *, decimals: int, whole: int = 1) -> str:
    """Write a share in [0, 1], times `whole`: 0.996 as >0.99, and 0.9996 of 100 as >99.9."""
    step = Decimal(1).scaleb(-decimals)
    written = _round(whole * share, decimals)
    if share < 1 and written >= whole:
        return f">{whole - step}"
    return f"<{step}" if share > 0 and not written else f"{written}"


def spell(written: str) -> str:
    """Turn a written score into words for a sentence: above 0.99, below 0.01."""
    return written.replace(">", "above ").replace("<", "below ")


def _is_told(score: float, limits: Sequence[float], decimals: int) -> bool:
    near = _round(score, decimals)
    return all(
        0 < _round(limit, decimals) < 1
        and _order(near, _round(limit, decimals)) == _order(score, limit)
        for limit in limits
        if 0 < limit < 1  # > and < tell a score from 0 and 1
    )


def _order(one: float | Decimal, other: float | Decimal) -> int:
    return (one > other) - (one < other)


def _round(value: float, decimals: int) -> Decimal:
    """Round halves up, as JavaScript does: 0.125, a likely score of an int8 model, to 0.13."""
    return Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
