"""All rules over all files."""

from collections.abc import Sequence
from types import ModuleType

from deploy.doctor.facts import FactMissing
from deploy.doctor.finding import Finding, Rule
from deploy.doctor.project import Project
from deploy.doctor.rules import (
    build,
    code,
    compose,
    containers,
    engine,
    images,
    kubernetes,
    probes,
    redis,
    run,
    scalers,
    schemas,
    sizes,
    text,
    watch,
)

_MODULES: tuple[ModuleType, ...] = (
    *(
        text,
        schemas,
        run,
        probes,
        scalers,
        engine,
        kubernetes,
        compose,
        containers,
        images,
        sizes,
        code,
        redis,
        build,
        watch,
    ),
)
RULES: tuple[Rule, ...] = tuple(
    one for module in _MODULES for one in vars(module).values() if isinstance(one, Rule)
)
# These speak in general terms: where another rule has said something about the same place in plain
# words, they add nothing.
GENERAL = ("schema-", "kind-unknown")
PARSERS = ("schema-app-engine", "schema-dispatch")
STUMBLE = "schema-unchecked-"
_LOST = {
    "why": "A rule that finds nothing to compare with would be silent for ever.",
    "how": "Tell deploy/doctor/facts.py where it stands now.",
}


def check(project: Project, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """Return what the rules find, by file and line."""
    found: set[Finding] = set()
    for one in rules:
        try:
            found.update(one.check(project))
        except FactMissing as error:
            found.add(Finding(file=error.path, line=1, rule="fact-lost", what=str(error), **_LOST))
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # A shape that the schema refuses as well; where it does not, this is said.
            found.add(explain_stumble(one, error))
    return sorted(silence(found))


def explain_stumble(one: Rule, error: Exception) -> Finding:
    """Say which rule could not be checked, since a file has another shape than it looks for."""
    return Finding(
        file="deploy/doctor",
        line=1,
        rule=f"{STUMBLE}{one.code}",
        what=f"the rule could not be checked: {error}",
        why="A value has another type than any sound file has there.",
        how="Mend what else is said first; if nothing is, the rule needs a look.",
    )


def silence(found: set[Finding]) -> list[Finding]:
    """Leave out what a plainer finding has said already."""
    plain = {one for one in found if not one.rule.startswith(GENERAL)}
    lines = {(one.file, one.line) for one in plain}
    files = {one.file for one in plain}
    stumbles = {one for one in found if one.rule.startswith(STUMBLE)}

    def adds_nothing(one: Finding) -> bool:
        if one in stumbles:
            return found != stumbles  # whatever it stumbled over is told
        is_parser = one.rule in PARSERS  # tells one thing at a time, and often no line
        return (one.file, one.line) in lines or (is_parser and one.file in files)

    return [one for one in found if one in plain or not adds_nothing(one)]
