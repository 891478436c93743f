"""What the code says about itself, read from its text: limits, routes, settings, keys, images.

The doctor imports neither web nor worker; a constant that moved or was renamed is reported, since a
rule that finds nothing to compare with would be silent for ever.
"""

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

QUEUE = "jobs/queue.py"
JOBS = "jobs/settings.py"
CONTROLLER = "worker/controller.py"
HEALTH = "worker/health.py"
WEB = "web/settings.py"
GUNICORN = "deploy/gunicorn.conf.py"
EVENTS = "web/views/events.py"
PRELUDE = "jobs/lua/prelude.lua"
DOCKERFILE = "deploy/Dockerfile"
MEASURED = "deploy/doctor/measured.toml"

# What each image runs, by folders and files whose settings it reads.
_READERS = {
    "web": ("jobs", "web", "web/views"),
    "worker": ("jobs", "worker"),
    "all-in-one": ("jobs", "web", "web/views", "worker", "deploy", "deploy/embedded_redis"),
}
_SETTING = re.compile(r"PORT|WORKERS|[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")

Number = int | float


class FactMissing(Exception):
    """The code does not say any more where the doctor looks."""

    def __init__(self, path: str, name: str) -> None:
        super().__init__(f"{path} names no {name}: did it move? deploy/doctor/facts.py looks there")
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A number of the code, and where it stands."""

    path: str
    line: int
    value: Number


class Facts:
    """Reads each fact when a rule asks for it."""

    def __init__(self, read: Callable[[str], str], list_python: Callable[[str], list[str]]) -> None:
        self.read = cache(read)
        self.list_python = cache(list_python)

    def find(self, path: str, name: str) -> Fact:
        """Return the number that `name` is given in a Python file.

        Raises:
            FactMissing: it is given none.
        """
        for found, node in list_values(self.read(path)):
            if found != name or not isinstance(node, ast.Constant):
                continue
            if isinstance(node.value, int | float):
                return Fact(path=path, line=node.lineno, value=node.value)
        raise FactMissing(path, name)

    @cached_property
    def targets(self) -> frozenset[str]:
        """The images that deploy/Dockerfile makes: its stages with an entry of their own."""
        stages = re.split(r"^(?=FROM )", self.read(DOCKERFILE), flags=re.MULTILINE)
        named = ((re.match(r"FROM \S+ AS (\S+)", stage), stage) for stage in stages)
        return frozenset(m[1] for m, stage in named if m and "\nENTRYPOINT" in stage)

    def list_settings(self, target: str) -> frozenset[str]:
        """Return the names that an image's code reads from the environment."""
        files = [path for folder in _READERS[target] for path in self.list_python(folder)]
        extra = () if target == "worker" else (GUNICORN,)
        return frozenset(
            name
            for path in (*files, *extra)
            for name in list_texts(self.read(path))
            if _SETTING.fullmatch(name)
        )

    def list_routes(self, target: str) -> frozenset[str]:
        """Return the paths that an image answers to a GET."""
        if target == "worker":
            return frozenset(t for t in list_texts(self.read(HEALTH)) if re.fullmatch(r"/\w+", t))
        views = (self.read(path) for path in self.list_python("web/views"))
        return frozenset(
            path for text in views for path in re.findall(r'@bp\.get\("(/[^"]*)"', text)
        )

    @cached_property
    def waiting_keys(self) -> frozenset[str]:
        """The keys of the ledger that count waiting jobs, with their prefix."""
        found = frozenset(re.findall(r"'ZCARD', key\('(waiting:\w+)'", self.read(PRELUDE)))
        if not found:
            raise FactMissing(PRELUDE, "waiting queues")
        return frozenset(f"spotter:{name}" for name in found)

    @property
    def running_key(self) -> str:
        """The key of the ledger that counts jobs in hand."""
        if "key('running')" not in self.read(PRELUDE):
            raise FactMissing(PRELUDE, "running jobs")
        return "spotter:running"

    @property
    def capacity(self) -> int:
        """How many requests at once one web process was measured to hold."""
        found = tomllib.loads(self.read(MEASURED)).get("web", {}).get("concurrent_requests")
        if found is None:
            raise FactMissing(MEASURED, "concurrent_requests")
        return int(found)


@lru_cache(maxsize=512)
def _parse(text: str) -> ast.Module:
    return ast.parse(text)


@lru_cache(maxsize=512)
def list_texts(text: str) -> tuple[str, ...]:
    """Return every text constant of a Python file."""
    nodes = ast.walk(_parse(text))
    return tuple(n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))


def list_values(text: str) -> Iterator[tuple[str, ast.expr]]:
    """Yield names with what they are given: by assignment, as a default, in a dict or a call."""
    for node in ast.walk(_parse(text)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg, node.value
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant):
                    yield str(key.value), value
