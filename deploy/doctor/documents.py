"""YAML with its line numbers: what stands where, so that a finding can point at it.

Reads with PyYAML's safe loader. Refuses nothing: broken files and names given twice are kept as
faults, for the doctor's rules to report.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

Key = str | int
Keys = tuple[Key, ...]

MERGE = "tag:yaml.org,2002:merge"
# libyaml's reader is ten times as fast, where PyYAML was built with it.
_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong with the YAML itself."""

    line: int
    what: str
    is_duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document of a file; `lines` holds the line of every name and item."""

    path: str
    first_line: int
    data: Any
    lines: Mapping[Keys, int]

    @property
    def kind(self) -> str:
        """Return, for example, `apps/v1 Deployment`; nothing where the document tells no kind."""
        if not isinstance(self.data, dict) or not {"apiVersion", "kind"} <= self.data.keys():
            return ""
        return f"{self.data['apiVersion']} {self.data['kind']}"

    def get(self, *keys: Key, default: Any = None) -> Any:
        """Return what stands at `keys`, or `default` where nothing does."""
        return dig(self.data, *keys, default=default)

    def line(self, *keys: Key) -> int:
        """Return the line of `keys`, or of what there is of them."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, self.first_line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came of reading one file."""

    documents: tuple[Document, ...] = ()
    faults: tuple[Fault, ...] = field(default=())


def dig(data: Any, *keys: Key, default: Any = None) -> Any:
    """Return what stands at `keys` in nested mappings and lists, or `default`."""
    for key in keys:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return default
    return default if data is None else data


def read_yaml(path: str, text: str) -> Reading:
    """Read all documents of a file."""
    documents: list[Document] = []
    faults: list[Fault] = []
    loader = _LOADER(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            lines: dict[Keys, int] = {}
            faults.extend(walk(node, (), lines))
            data = loader.construct_document(node)
            first = node.start_mark.line + 1
            documents.append(Document(path=path, first_line=first, data=data, lines=lines))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        faults.append(Fault(line=mark.line + 1 if mark else 1, what=str(error).splitlines()[0]))
    finally:
        loader.dispose()
    return Reading(documents=tuple(documents), faults=tuple(faults))


def walk(node: yaml.Node, keys: Keys, lines: dict[Keys, int]) -> Iterator[Fault]:
    """Note the line of everything below `node`, and yield what stands there twice."""
    lines.setdefault(keys, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from walk(item, (*keys, index), lines)
    if not isinstance(node, yaml.MappingNode):
        return
    for name, value in node.value:
        if name.tag == MERGE:
            continue
        below = (*keys, str(name.value))
        line = name.start_mark.line + 1
        if below in lines:
            what = f"{name.value} stands here and in line {lines[below]}"
            yield Fault(line=line, what=what, is_duplicate=True)
        lines[below] = line
        yield from walk(value, below, lines)
    for name, value in node.value:
        if name.tag == MERGE:
            note_merged(value, keys, lines)


def note_merged(node: yaml.Node, keys: Keys, lines: dict[Keys, int]) -> None:
    """Note where a mapping that is merged in (`<<: *name`) says what nothing here says."""
    found: dict[Keys, int] = {}
    for _ in walk(node, keys, found):
        pass  # a fault of the merged mapping is told where it stands itself
    for below, line in found.items():
        lines.setdefault(below, line)
