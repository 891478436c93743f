"""The fuzz targets take their own seeds, and everything that fuzzing found."""

import pytest

from tests.fuzz.targets import MANY, TARGETS, decode_picture, enter_door
from tests.web import hostile


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_every_seed_passes(target: str) -> None:
    call, list_seeds = TARGETS[target]
    seeds = list(list_seeds())
    assert len(seeds) > 50
    for seed in seeds:
        call(seed)


@pytest.mark.parametrize("way", [0, 1, 2, 3, MANY, MANY | 1, 255])
def test_nothing_at_all_is_no_fault(way: int) -> None:
    enter_door(bytes([way]))
    enter_door(b"")
    decode_picture(b"")


def test_a_target_tells_of_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no refusal is comes out: else fuzzing could find nothing."""

    def break_down(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tests.fuzz.targets.check_picture", break_down)
    with pytest.raises(ZeroDivisionError):
        enter_door(b"\0" + hostile.jpeg() + b" ")
