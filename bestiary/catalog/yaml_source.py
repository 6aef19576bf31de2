"""A YAML file as plain data that remembers where everything stood.

YAML 1.2 by ruamel.yaml: 1e-3 is a number, yes and on are text. Mappings become
dicts, lists become tuples, dates stay text. What the file can get wrong before
anyone asks what it means (syntax, duplicate keys, empty values) is collected,
not raised, so that one reading reports every mistake.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from bestiary.catalog.limits import BITS, DEPTH, NODES
from bestiary.catalog.mistakes import CatalogError, Mistake, Path_, Place, Places, Source, kind
from bestiary.one_line import shortened

_TAG = "tag:yaml.org,2002:"


def parse(raw: bytes, name: str) -> tuple[dict[str, Any], Source, list[Mistake]]:
    """Parse a file whose top level is a mapping.

    Args:
        raw: its content.
        name: of the file, for mistakes.

    Returns:
        The data, the places of its keys and values, and the mistakes that did not prevent reading.

    Raises:
        CatalogError: it is not UTF-8, not YAML, empty, or not a mapping.
    """

    def refuse(text: str, place: Place | None = None) -> CatalogError:
        return CatalogError([Mistake(name, place, (), text)])

    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        head = error.object[: error.start].decode("utf-8", "replace")
        raise refuse(
            f"byte 0x{error.object[error.start]:02x} is not UTF-8; save the file as UTF-8", _at(head)
        ) from None

    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _Bounded
    source, mistakes = Source(name, partial(Places, {}, {})), list[Mistake]()
    try:
        root = yaml.compose(text)
        data = _plain(root, (), yaml, source, mistakes) if root is not None else None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else None
        tab = "found character '\\t'" in str(error.problem)
        reason = "a tab; indent with spaces" if tab else f"not YAML: {error.problem or error.context}"
        if isinstance(error, _Beyond):
            reason = str(error.problem)
        raise refuse(reason, place) from None
    except ReaderError as error:
        raise refuse(
            f"character {chr(error.character)!r} is not allowed in YAML", _at(text[: error.position])
        ) from None
    except YAMLError as error:
        raise refuse(f"not YAML: {error}", (1, 1)) from None

    if root is None or data is None:
        raise refuse("empty; want one block per entry", (1, 1))
    if not isinstance(data, dict):
        raise refuse(f"want a mapping of entries at the top level, not {kind(data)}", _mark(root))
    return data, source, mistakes


class _Beyond(MarkedYAMLError):
    """The file is larger or deeper than is read."""

    def __init__(self, depth: int, mark: Any) -> None:
        deep, large = (
            f"nested too deeply, more than {DEPTH} levels",
            f"more than {NODES:,} values, those of aliases too",
        )
        super().__init__(problem=deep if depth > DEPTH else large, problem_mark=mark)


class _Bounded(Composer):
    """Composes a tree that is neither deeper nor larger than a catalog has any use for."""

    levels = composed = 0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.warn_double_anchors = False  # YAML allows to use an anchor's name again

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose a node and all below it.

        Raises:
            _Beyond: there are too many, or they are nested too deeply.
        """
        self.levels, self.composed = self.levels + 1, self.composed + 1
        if self.levels > DEPTH or self.composed > NODES:
            raise _Beyond(self.levels, self.parser.peek_event().start_mark)
        node = super().compose_node(parent, index)
        self.levels -= 1
        return node


def _plain(node: Node, path: Path_, yaml: YAML, source: Source, mistakes: list[Mistake]) -> Any:
    """The node as plain data; notes the place of everything below it.

    Raises:
        _Beyond: aliases make it too large, or a part of itself.
    """
    if len(path) > DEPTH or len(source.places.values) >= NODES:
        raise _Beyond(len(path), node.start_mark)
    source.places.values[path] = _mark(node)
    if isinstance(node, SequenceNode):
        return tuple(_plain(item, (*path, i), yaml, source, mistakes) for i, item in enumerate(node.value))
    if isinstance(node, MappingNode):
        data: dict[str, Any] = {}
        for key, value in node.value:
            place = _mark(key)
            if not isinstance(key, ScalarNode) or key.tag != _TAG + "str":
                what = f"key {key.value!r} is not text" if isinstance(key, ScalarNode) else "a key must be plain text"
                mistakes.append(Mistake(source.name, place, path, what))
                continue
            inner = (*path, key.value)
            if key.value in data:
                first = source.places.keys[inner][0]
                mistakes.append(Mistake(source.name, place, inner, f"duplicate key, first on line {first}"))
                continue
            source.places.keys[inner] = place
            data[key.value] = _plain(value, inner, yaml, source, mistakes)
        return data
    return _scalar(node, path, yaml, source, mistakes)


def _scalar(node: Node, path: Path_, yaml: YAML, source: Source, mistakes: list[Mistake]) -> Any:
    """Text, a number or a boolean; None after a mistake."""
    tag = str(node.tag)
    if tag in (_TAG + "str", _TAG + "timestamp"):
        return node.value
    if name := {_TAG + "int": "an integer", _TAG + "float": "a number", _TAG + "bool": "true or false"}.get(tag):
        try:
            value = yaml.constructor.construct_object(node)
        except (ValueError, LookupError):  # an explicit tag, or more digits than Python reads
            value = None
        if value is not None and not (isinstance(value, int) and value.bit_length() > BITS):
            return value
        what = f"{shortened(str(node.value), 40)!r} is not {name}{' that fits' if value else ''}"
        mistakes.append(source.mistake(path, what))
        return None
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
