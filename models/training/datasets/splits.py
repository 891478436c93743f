"""Puts pictures into train, validation and test so that nothing alike stands on two sides.

Owns that promise: pictures of one group, and pictures whose hashes are near, are always in one
split, and a picture that was placed once never moves. Groups that look alike as a whole (two clips
of one camera) are placed together; where only a few pictures of two groups are alike, those few are
not placed instead, or one chance likeness would tie whole collections together. The order of the
input does not matter.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.training.datasets.duplicates import Sets, find_pairs
from models.training.datasets.entries import Split

Shares = Mapping[Split, float]
_TIES = 0.1  # of both groups' pictures must be alike for the groups to be placed together
SHARES: Shares = {Split.TRAIN: 0.7, Split.VALIDATION: 0.15, Split.TEST: 0.15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeable:
    """What decides where a picture goes; `split` is None while it has no place."""

    label: str
    group: str
    sha256: str
    dhash: int
    split: Split | None = None


def place(
    pictures: Sequence[Placeable], *, alike: int, shares: Shares = SHARES, seed: int = 0
) -> list[Split | None]:
    """Return the split of each picture; None for a new one that looks like others on two sides.

    `alike` is the number of bits up to which two hashes count as near.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for index, picture in enumerate(pictures):
        groups[picture.group].append(index)
    pairs = list(find_pairs([picture.dhash for picture in pictures], alike))
    sets = _tie(pictures, groups, pairs)
    members: dict[Hashable, list[str]] = defaultdict(list)
    for group in groups:
        members[sets.find(group)].append(group)
    placed: list[Split | None] = [picture.split for picture in pictures]
    new: list[list[int]] = []
    for names in members.values():
        sides = {pictures[i].split for name in names for i in groups[name]} - {None}
        if not sides:
            new.append([i for name in names for i in groups[name]])
            continue
        for name in names:
            own = {pictures[i].split for i in groups[name]} - {None} or sides
            for index in groups[name]:
                placed[index] = next(iter(own)) if len(own) == 1 else None  # between two
    _spread(pictures, new, placed, shares, seed)
    _remove_alike(pictures, pairs, placed)
    return placed


def _tie(
    pictures: Sequence[Placeable], groups: Mapping[str, list[int]], pairs: list[tuple[int, int]]
) -> Sets:
    """Join groups of which more than a few pictures look like pictures of the other."""
    like: dict[tuple[str, str], tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for one, other in pairs:
        names = pictures[one].group, pictures[other].group
        if names[0] > names[1]:
            names, one, other = (names[1], names[0]), other, one
        like[names][0].add(one)
        like[names][1].add(other)
    sets = Sets()
    for (first, second), (some, others) in like.items():
        if len(some) >= _TIES * len(groups[first]) and len(others) >= _TIES * len(groups[second]):
            sets.join(first, second)
    return sets


def _remove_alike(
    pictures: Sequence[Placeable], pairs: list[tuple[int, int]], placed: list[Split | None]
) -> None:
    """Take the place from one of two like pictures on two sides: a new one, rather from train."""
    rank = {split: number for number, split in enumerate(Split)}

    def order(pair: tuple[int, int]) -> list[str]:
        return sorted(pictures[index].sha256 for index in pair)

    for pair in sorted(pairs, key=order):
        sides = [placed[index] for index in pair]
        if None in sides or sides[0] == sides[1]:
            continue
        fresh = [index for index in pair if pictures[index].split is None]
        if fresh:
            victim = min(fresh, key=lambda index: rank[placed[index] or Split.TRAIN])
            placed[victim] = None


def _spread(
    pictures: Sequence[Placeable],
    groups: Iterable[list[int]],
    placed: list[Split | None],
    shares: Shares,
    seed: int,
) -> None:
    """Give each new set to the split that lacks most, large sets first."""
    total = Counter(picture.label for picture in pictures)
    have: Counter[tuple[Split, str]] = Counter(
        (split, picture.label)
        for split, picture in zip(placed, pictures, strict=True)
        if split is not None
    )

    def order(group: list[int]) -> tuple[int, str]:
        first = min(pictures[i].sha256 for i in group)
        return -len(group), hashlib.sha256(f"{seed}:{first}".encode()).hexdigest()

    for group in sorted(groups, key=order):
        labels = Counter(pictures[i].label for i in group)

        def lack(split: Split, labels: Counter[str] = labels) -> float:
            """Say how far below its share the split is, in the labels of this set."""
            missing = 0.0
            for label, count in labels.items():
                wanted = shares[split] * total[label]
                missing += count * (wanted - have[split, label]) / max(wanted, 1e-9)
            return missing

        chosen = max((split for split in Split if shares[split] > 0), key=lack)
        for index in group:
            placed[index] = chosen
        for label, count in labels.items():
            have[chosen, label] += count
