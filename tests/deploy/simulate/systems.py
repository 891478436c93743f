"""Systems to simulate in tests: exact costs, so that results can be worked out on paper."""

import dataclasses
from typing import Any

from deploy.simulate.system import Costs, System

# A worker that takes exactly 50 ms, and nothing else that costs time.
COSTS = Costs(service_seconds=(0.05,), web_seconds=0, ledger_seconds=0)


def make_system(*, bell_seconds: float = 0, calm: Costs | None = None, **fields: Any) -> System:
    """Make a system; fields of its costs hold calm and in a flood alike, the others as they are."""
    named = {field.name for field in dataclasses.fields(Costs)}
    costs = {name: fields.pop(name) for name in list(fields) if name in named}
    flood = dataclasses.replace(COSTS, **costs)
    return System(calm=calm or flood, flood=flood, bell_seconds=bell_seconds, **fields)
