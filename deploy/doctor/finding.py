"""What the doctor says: findings, and the rules that make them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.doctor.documents import Document, Key
    from deploy.doctor.project import Project


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One thing that is wrong: where, what, why it matters, how to mend it."""

    file: str
    line: int
    rule: str
    what: str
    why: str
    how: str

    def to_dict(self) -> dict[str, str | int]:
        """Return the JSON form."""
        return asdict(self)

    def __str__(self) -> str:
        """Return the form for people."""
        return (
            f"{self.file}:{self.line}: {self.what}  [{self.rule}]\n"
            f"    why  {self.why}\n"
            f"    mend {self.how}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place that a rule does not like, and what it saw there."""

    file: str
    line: int
    what: str


def spot(document: "Document", *keys: "Key", what: str) -> Spot:
    """Return the place of `keys` in a document."""
    return Spot(file=document.path, line=document.line(*keys), what=what)


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a question about what may be meant, or nothing where nothing is near."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.75)
    return f": do you mean {near[0]}?" if near else ""


Look = Callable[["Project"], Iterator[Spot]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Something that must hold. `look` yields the places where it does not."""

    code: str
    why: str
    how: str
    look: Look

    def check(self, project: "Project") -> Iterator[Finding]:
        """Yield a finding for each place."""
        for place in self.look(project):
            yield Finding(
                file=place.file,
                line=place.line,
                rule=self.code,
                what=place.what,
                why=self.why,
                how=self.how,
            )


def rule(code: str, *, why: str, how: str) -> Callable[[Look], Rule]:
    """Make a rule of the function below."""
    return lambda look: Rule(code=code, why=why, how=how, look=look)
