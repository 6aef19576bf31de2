"""The units of what findings of an entry hold, read from text; no file is imported.

A unit that is made at run time, or that differs from place to place, is not known.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from bestiary.catalog.setups.outcomes import outcomes_of
from bestiary.catalog.setups.source_files import source_file

CLOCK = "step"  # unit of the recorded axis, where the setup states none
PLAIN = "1"  # unit of an effect that states none


def units_of(key: str) -> Mapping[str, str]:
    """Return {onset or effect: unit} of what the text of an entry and of its detectors tells.

    Args:
        key: the entry's key in the catalog.

    Raises:
        ValueError: there is no such file; in one line.
    """
    entry = ast.parse(source_file("phenomena", key).read_text("utf-8"))
    trees = [entry]
    trees += [ast.parse(source_file("detectors", name).read_text("utf-8")) for name in outcomes_of(key).detectors]
    told: dict[str, set[str | None]] = {"onset": {_clock(entry)}}
    for tree in trees:
        for name, unit in _effects(tree):
            told.setdefault(name, set()).add(unit)
    certain = {name: next(iter(units)) for name, units in told.items() if len(units) == 1}
    return MappingProxyType({name: unit for name, unit in certain.items() if unit is not None})


def _clock(tree: ast.Module) -> str | None:
    """The unit of the recorded axis, the second item of `clock=`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "clock":
            pair = node.value
            return _text(pair.elts[1]) if isinstance(pair, ast.Tuple) and len(pair.elts) == 2 else None
    return CLOCK


def _effects(tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    """Every effect that is made under a name, with its unit; None if the unit is made at run time."""
    for node in ast.walk(tree):
        pairs: list[tuple[str | None, ast.expr]] = []
        if isinstance(node, ast.keyword):
            pairs = [(node.arg, node.value)]
        elif isinstance(node, ast.Dict):
            pairs = [(_text(k) if k else None, v) for k, v in zip(node.keys, node.values, strict=True)]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            pairs = [(_text(node.targets[0].slice), node.value)]
        for name, value in pairs:
            if name is not None and isinstance(value, ast.Call) and ast.unparse(value.func).split(".")[-1] == "Effect":
                words = [word.value for word in value.keywords if word.arg == "unit"]
                unit = next(iter([*value.args[1:2], *words]), None)
                yield name, PLAIN if unit is None else _text(unit)


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
