"""Puts pictures into train, validation and test so that nothing alike stands on two sides.

Owns that promise: pictures of one group, and pictures whose hashes are near, are always in one
split, and a picture that was placed once never moves. A new picture that would tie two sides
together cannot be placed and is dropped. The order of the input does not matter.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.training.datasets.duplicates import Sets, find_pairs
from models.training.datasets.entries import Split

Shares = Mapping[Split, float]
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
    """Return the split of each picture; None for a new one that would tie two sides together.

    `alike` is the number of bits up to which two hashes count as near.
    """
    sets = _tie(pictures, alike)
    members: dict[Hashable, list[int]] = defaultdict(list)
    for index in range(len(pictures)):
        members[sets.find(index)].append(index)
    placed: list[Split | None] = [picture.split for picture in pictures]
    new: list[list[int]] = []
    for group in members.values():
        sides = {pictures[i].split for i in group} - {None}
        if not sides:
            new.append(group)
        elif len(sides) == 1:
            (side,) = sides
            for index in group:
                placed[index] = side
    _spread(pictures, new, placed, shares, seed)
    return placed


def _tie(pictures: Sequence[Placeable], alike: int) -> Sets:
    """Join each picture with its group and with the pictures that look like it."""
    sets = Sets()
    for index, picture in enumerate(pictures):
        sets.join(index, ("group", picture.group))
    for one, other in find_pairs([picture.dhash for picture in pictures], alike):
        sets.join(one, other)
    return sets


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
