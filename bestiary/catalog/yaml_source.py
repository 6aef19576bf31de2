"""A YAML file as plain data that remembers where everything stood.

YAML 1.2 by ruamel.yaml: 1e-3 is a number, yes and on are text. Mappings become
dicts, lists become tuples, dates stay text. What the file can get wrong before
anyone asks what it means (syntax, duplicate keys, empty values) is collected,
not raised, so that one reading reports every mistake.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

Path_ = tuple[str | int, ...]  # ("grokking", "cases", "grokking", "claims", 0, "rate")
Place = tuple[int, int]  # line and column, both from 1

_TAG = "tag:yaml.org,2002:"


class Mistake(NamedTuple):
    """One mistake: where it is in the file, which field, and what is wrong."""

    file: str
    place: Place | None
    path: Path_
    text: str

    def __str__(self) -> str:
        where = ":".join([self.file, *map(str, self.place or ())])
        return ": ".join(part for part in (where, dotted(self.path), self.text) if part)


class CatalogError(ValueError):
    """All the mistakes that one reading found, a line each, in the order of the file."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        unique = dict.fromkeys(mistakes)
        self.mistakes = tuple(sorted(unique, key=lambda m: m.place or (0, 0)))
        super().__init__("\n".join(map(str, self.mistakes)))


@dataclass(frozen=True)
class Source:
    """Where each key and each value of a file stands. Any two are equal: entries compare by content."""

    name: str = field(compare=False)
    end: Place = field(compare=False, default=(1, 1))
    keys: dict[Path_, Place] = field(compare=False, repr=False, default_factory=dict)
    values: dict[Path_, Place] = field(compare=False, repr=False, default_factory=dict)

    def mistake(self, path: Path_, text: str, *, key: bool = False) -> Mistake:
        """Place a mistake at a value, or at its key; at the nearest enclosing place if the path is not in the file."""
        for length in range(len(path), 0, -1):
            head = path[:length]
            at_key = key or length < len(path)
            for places in (self.keys, self.values) if at_key else (self.values, self.keys):
                if head in places:
                    return Mistake(self.name, places[head], path, text)
        return Mistake(self.name, (1, 1) if self.values else None, path, text)


def nearest(name: object, names: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the name closest to a misspelt one, or nothing."""
    close = difflib.get_close_matches(str(name), list(names), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def dotted(path: Path_) -> str:
    """Write a path as a person does: grokking.cases.grokking.claims[0].rate."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def load(file: Path) -> tuple[dict[str, Any], Source, list[Mistake]]:
    """Read a file whose top level is a mapping.

    Returns:
        The data, the places of its keys and values, and the mistakes that did not prevent reading.

    Raises:
        CatalogError: there is no such file, it is not UTF-8, not YAML, empty, or not a mapping.
    """

    def refuse(text: str, place: Place | None = None) -> CatalogError:
        return CatalogError([Mistake(file.name, place, (), text)])

    try:
        raw = file.read_bytes()
        text = raw.decode("utf-8")
    except FileNotFoundError:
        raise refuse(f"no such file in {file.parent}") from None
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        head = error.object[: error.start].decode("utf-8", "replace")
        raise refuse(
            f"byte 0x{error.object[error.start]:02x} is not UTF-8; save the file as UTF-8", _at(head)
        ) from None

    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(text)
        source = Source(file.name, _at(text))
        mistakes: list[Mistake] = []
        data = _plain(root, (), yaml, source, mistakes) if root is not None else None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else None
        tab = "found character '\\t'" in str(error.problem)
        reason = "a tab; indent with spaces" if tab else f"not YAML: {error.problem or error.context}"
        raise refuse(reason, place) from None
    except ReaderError as error:
        raise refuse(
            f"character {chr(error.character)!r} is not allowed in YAML", _at(text[: error.position])
        ) from None
    except (YAMLError, RecursionError) as error:
        raise refuse(f"not YAML: {error}" if isinstance(error, YAMLError) else "nested too deeply") from None

    if root is None or data is None:
        raise refuse("empty; want one block per entry", (1, 1))
    if not isinstance(data, dict):
        raise refuse(f"want a mapping of entries at the top level, not {kind(data)}", _mark(root))
    return data, source, mistakes


def _plain(node: Node, path: Path_, yaml: YAML, source: Source, mistakes: list[Mistake]) -> Any:
    """The node as plain data; notes the place of everything below it."""
    source.values[path] = _mark(node)
    if isinstance(node, SequenceNode):
        return tuple(_plain(item, (*path, i), yaml, source, mistakes) for i, item in enumerate(node.value))
    if isinstance(node, MappingNode):
        data: dict[str, Any] = {}
        for key, value in node.value:
            place = _mark(key)
            if key.tag != _TAG + "str":
                what = f"key {key.value!r} is not text" if isinstance(key, ScalarNode) else "a key must be plain text"
                mistakes.append(Mistake(source.name, place, path, what))
                continue
            inner = (*path, key.value)
            if key.value in data:
                first = source.keys[inner][0]
                mistakes.append(Mistake(source.name, place, inner, f"duplicate key, first on line {first}"))
                continue
            source.keys[inner] = place
            data[key.value] = _plain(value, inner, yaml, source, mistakes)
        return data
    tag = str(node.tag)
    if tag in (_TAG + "str", _TAG + "timestamp"):
        return node.value
    if tag in (_TAG + "int", _TAG + "float", _TAG + "bool"):
        return yaml.constructor.construct_object(node)
    if tag != _TAG + "null":
        mistakes.append(source.mistake(path, f"unknown tag {tag}; write plain YAML"))
    elif path:
        mistakes.append(source.mistake(path, "empty; give a value or delete the field", key=True))
    return None


def _at(head: str) -> Place:
    """The place right after this much of the text."""
    return head.count("\n") + 1, len(head) - (head.rfind("\n") + 1) + 1


def _mark(node: Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


def kind(value: object) -> str:
    """Return what a person would call this piece of YAML."""
    return {dict: "a mapping", tuple: "a list", str: "text", bool: "a boolean"}.get(type(value), "a number")
