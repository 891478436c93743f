import dataclasses
from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from models.training.datasets.duplicates import BITS, distance
from models.training.datasets.entries import Split
from models.training.datasets.splits import Placeable, place

ALIKE = 8


@st.composite
def collections(draw: st.DrawFn) -> list[Placeable]:
    """Up to 40 pictures of some groups, many of them a few bits from another one."""
    random = Random(draw(st.integers(0, 2**32 - 1)))
    seeds = [random.getrandbits(BITS) for _ in range(draw(st.integers(1, 12)))]
    pictures = []
    for number in range(draw(st.integers(1, 40))):
        dhash = random.choice(seeds)
        for bit in random.sample(range(BITS), random.randrange(20)):
            dhash ^= 1 << bit
        pictures.append(
            Placeable(
                label=random.choice("ab"),
                group=f"g{random.randrange(26)}",
                sha256=f"{number:064x}",
                dhash=dhash,
            )
        )
    return pictures


def assert_no_leak(
    pictures: list[Placeable], splits: list[Split | None], alike: int = ALIKE
) -> None:
    known = [(p, s) for p, s in zip(pictures, splits, strict=True) if s is not None]
    for place_, (one, side) in enumerate(known):
        for other, other_side in known[:place_]:
            if one.group == other.group or distance(one.dhash, other.dhash) <= alike:
                assert side == other_side


@settings(max_examples=60, deadline=None)
@given(collections())
def test_nothing_alike_and_no_group_stands_on_two_sides(pictures: list[Placeable]) -> None:
    splits = place(pictures, alike=ALIKE)
    assert_no_leak(pictures, splits)


@settings(max_examples=60, deadline=None)
@given(collections(), st.data())
def test_what_was_placed_stays_and_new_pictures_do_not_leak(
    pictures: list[Placeable], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(pictures)))
    first = place(pictures[:cut], alike=ALIKE)
    old = [
        dataclasses.replace(picture, split=split)
        for picture, split in zip(pictures[:cut], first, strict=True)
    ]
    splits = place([*old, *pictures[cut:]], alike=ALIKE)
    kept = [index for index, split in enumerate(first) if split is not None]
    assert [splits[index] for index in kept] == [first[index] for index in kept]
    assert_no_leak(pictures, splits)


@settings(max_examples=30, deadline=None)
@given(collections(), st.randoms())
def test_the_order_of_the_pictures_does_not_matter(pictures: list[Placeable], random) -> None:
    shuffled = list(pictures)
    random.shuffle(shuffled)
    places = {p.sha256: s for p, s in zip(shuffled, place(shuffled, alike=ALIKE), strict=True)}
    assert [places[picture.sha256] for picture in pictures] == place(pictures, alike=ALIKE)


def test_many_single_pictures_fall_into_the_stated_shares() -> None:
    pictures = [
        Placeable(
            label="ab"[number % 2],
            group=str(number),
            sha256=f"{number:064x}",
            dhash=hash(f"{number}") % 2**BITS,
        )
        for number in range(400)
    ]
    counts = Counter(place(pictures, alike=-1))
    assert counts == {Split.TRAIN: 280, Split.VALIDATION: 60, Split.TEST: 60}


def test_a_picture_that_ties_two_sides_is_not_placed() -> None:
    sides = [
        Placeable(label="a", group="g", sha256="0" * 64, dhash=0, split=Split.TRAIN),
        Placeable(label="a", group="h", sha256="1" * 64, dhash=0xFFFF, split=Split.TEST),
    ]
    bridge = Placeable(label="a", group="i", sha256="2" * 64, dhash=0xFF)
    assert place([*sides, bridge], alike=8) == [Split.TRAIN, Split.TEST, None]


def make_group(name: str, hashes: range) -> list[Placeable]:
    """Pictures far from each other: the bits of a hash repeat a number eight times."""
    return [
        Placeable(
            label="a",
            group=name,
            sha256=f"{name}{number:063x}",
            dhash=int.from_bytes(bytes(number >> bit & 1 and 255 for bit in range(8)), "big"),
        )
        for number in hashes
    ]


def test_one_chance_likeness_does_not_tie_two_collections() -> None:
    pictures = [*make_group("1", range(20)), *make_group("2", range(19, 39))]
    splits = place(
        pictures, alike=4, shares={Split.TRAIN: 0.5, Split.VALIDATION: 0.5, Split.TEST: 0}
    )
    assert splits.count(None) == 1
    assert {*splits} == {Split.TRAIN, Split.VALIDATION, None}
    assert_no_leak(pictures, splits, alike=4)


def test_two_clips_of_one_camera_stand_on_one_side() -> None:
    pictures = [*make_group("1", range(20)), *make_group("2", range(10, 30))]
    assert len({*place(pictures, alike=4)}) == 1
