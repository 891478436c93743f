"""What the runbook says about money is the formula's result, with the prices of the file."""

import re
import tomllib

import pytest

from deploy.settings import ROOT
from deploy.simulate.summary import PRICES

PAGE = (ROOT / "deploy" / "README.md").read_text()
FORMULAS = re.findall(r"((?:[\d,.]+ x )+(?:[\d.]+|\([\d.x+\s]+\))) = ([\d,.]+[\d])", PAGE)
TABLES = tomllib.loads(PRICES.read_text())


def work_out(formula: str) -> float:
    """Return the value of numbers, x, + and brackets: no names, nothing to call."""
    assert re.fullmatch(r"[\d,.x+()\s]+", formula)
    return float(eval(formula.replace(",", "").replace("x", "*"), {"__builtins__": {}}))


@pytest.mark.parametrize(("formula", "told"), FORMULAS)
def test_a_formula_comes_to_what_is_told(formula: str, told: str) -> None:
    digits = len(told.partition(".")[2])
    assert round(work_out(formula), digits) == float(told.replace(",", ""))


def test_there_are_formulas() -> None:
    assert len(FORMULAS) >= 12


def test_every_price_in_a_formula_is_one_of_the_file() -> None:
    known = {value for table in TABLES.values() for value in table.values()}
    used = {float(one) for formula, _ in FORMULAS for one in re.findall(r"0\.0\d+", formula)}
    assert used <= known


@pytest.mark.parametrize("name", [name for name in TABLES if name != "others"])
def test_every_price_says_where_to_look(name: str) -> None:
    assert TABLES[name]["look"].startswith("https://cloud.google.com/")
    assert TABLES[name]["seen"]
