import pytest

from models.training.networks.export import pick


def measured(balanced: float, milliseconds: float, size: int = 1, one: float = 0.001) -> dict:
    return {
        "balanced_accuracy": balanced,
        "milliseconds": milliseconds,
        "bytes": size,
        "one_picture": one,
    }


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ({"float": measured(0.95, 9), "int8": measured(0.948, 4)}, "int8"),
        ({"float": measured(0.95, 9), "int8": measured(0.90, 4)}, "float"),
        ({"float": measured(0.95, 9), "int8": measured(0.951, 12)}, "float"),
        ({"float": measured(0.95, 9, size=40), "int8": measured(0.95, 9.5, size=10)}, "int8"),
        ({"float": measured(0.95, 9, one=0.034), "int8": measured(0.917, 4)}, "int8"),
    ],
    ids=["faster", "lost too much", "slower", "as fast and smaller", "one of few pictures"],
)
def test_the_fastest_file_that_keeps_the_accuracy_is_picked(
    found: dict[str, dict], chosen: str
) -> None:
    assert pick(found)[0] == chosen


def test_the_reason_names_what_lost_too_much() -> None:
    _, why = pick({"float": measured(0.95, 9), "int8": measured(0.90, 4)})
    assert "(int8 lost too much)" in why
    assert "int8 4 ms" in why
