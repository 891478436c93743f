"""How scores and shares are written."""

import pytest

from tests.web.written import WRITTEN
from web.scores import spell, write_scores, write_share


@pytest.mark.parametrize(("score", "limits", "written"), WRITTEN)
def test_a_score_never_says_more_than_it_is(score, limits, written):
    assert write_scores(score, limits)[0] == written


def test_limits_are_written_as_finely_as_the_score():
    assert write_scores(0.496, [0.5, 0.4]) == ("0.496", "0.500", "0.400")


@pytest.mark.parametrize(
    ("share", "decimals", "whole", "written"),
    [
        (0.9996, 1, 100, ">99.9"),
        (1.0, 1, 100, "100.0"),
        (0.976, 1, 100, "97.6"),
        (0.9996, 3, 1, ">0.999"),
    ],
)
def test_a_share_below_the_whole_is_never_the_whole(share, decimals, whole, written):
    assert write_share(share, decimals=decimals, whole=whole) == written


def test_a_score_is_spelt_for_sentences():
    assert [spell(one) for one in (">0.99", "<0.01", "0.50")] == [
        "above 0.99",
        "below 0.01",
        "0.50",
    ]
