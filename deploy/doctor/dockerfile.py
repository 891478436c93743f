"""A Dockerfile's stages, each with all that holds for it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FROM = re.compile(r"(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction; `rest` is what follows its word, continued lines put together."""

    line: int
    word: str
    rest: str


def read_stages(text: str) -> dict[str, tuple[Instruction, ...]]:
    """Return every named stage's instructions, after those of the stage that it stands on."""
    stages: dict[str, tuple[Instruction, ...]] = {}
    name = ""
    for one in read_instructions(text):
        if one.word == "FROM" and (found := _FROM.match(one.rest)):
            name = found[2] or ""
            stages[name] = (*stages.get(found[1], ()), one)
        elif one.word != "FROM":
            stages[name] = (*stages.get(name, ()), one)
    stages.pop("", None)
    return stages


def read_instructions(text: str) -> Iterator[Instruction]:
    """Yield the instructions one by one."""
    begun = 0
    parts: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or not line.strip():
            continue
        begun = begun or number
        parts.append(line.strip().removesuffix("\\").strip())
        if not line.rstrip().endswith("\\"):
            word, _, rest = " ".join(parts).partition(" ")
            yield Instruction(line=begun, word=word.upper(), rest=rest.strip())
            begun, parts = 0, []
