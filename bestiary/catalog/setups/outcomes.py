"""What findings of an entry can hold: effects and phases, and which detectors lead to them, read from text.

No file is imported. Detectors document their effects after the word `Effects:`; an entry's `detect` adds some, by
`having`. A name that is built at run time cannot be read, so two sets are kept: the names that are known, for telling,
and every text that may be a name, for refusing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from bestiary.catalog.mistakes import nearest
from bestiary.catalog.setups.source_files import source_file
from bestiary.files import modules

STATES = ("found", "absent", "undecided", "not applicable", "diverged")  # those of bestiary.log, which imports NumPy
ANY = "*"  # the part of a name that is built at run time


class Outcomes(NamedTuple):
    """What findings of an entry can hold.

    Attributes:
        detectors: that `detect` leads to; empty if the text does not tell.
        effects: names that are known; `*` stands for what is built at run time.
        phases: names that are known.
        texts: every text of the entry and of its detectors that may be a name.
    """

    detectors: tuple[str, ...]
    effects: tuple[str, ...]
    phases: tuple[str, ...]
    texts: frozenset[str]

    def without_effect(self, name: str) -> str:
        """Say that no finding has an onset or effect of that name; empty if one may have."""
        known = ("onset", *self.effects)
        if not self.detectors or name in self.texts or any(like(one, name) for one in known):
            return ""
        return f"no effect {name!r}{nearest(name, known) or '; there are ' + ', '.join(known)}"

    def without_phase(self, name: str) -> str:
        """Say that no finding has a state or phase of that name; empty if one may have."""
        known = (*STATES, *self.phases)
        if not self.detectors or name in self.texts or name in known:
            return ""
        return f"no state or phase {name!r}{nearest(name, known) or '; there are ' + ', '.join(known)}"

    def without(self, name: str) -> str:
        """Say that no finding has anything of that name; empty if one may have."""
        return self.without_effect(name) and self.without_phase(name) and self._neither(name)

    def _neither(self, name: str) -> str:
        known = (*STATES, *self.phases, "onset", *self.effects)
        return f"no state, phase or effect {name!r}{nearest(name, known) or '; there are ' + ', '.join(known)}"


def like(known: str, name: str) -> bool:
    """Return whether a name is the known one, whose `*` stands for any part."""
    return re.fullmatch(re.escape(known).replace(re.escape(ANY), ".+"), name) is not None


def outcomes_of(key: str) -> Outcomes:
    """Read what findings of an entry can hold.

    Args:
        key: the entry's key in the catalog.

    Raises:
        ValueError: there is no such file; in one line.
    """
    tree = ast.parse(source_file("phenomena", key).read_text("utf-8"))
    within = list(_led_to(tree))
    names = {node.id for part in within for node in ast.walk(part) if isinstance(node, ast.Name)}
    there, detectors = modules("detectors"), []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bestiary.detectors."):
            module = str(node.module).rpartition(".")[2]
            if module in there and any((alias.asname or alias.name) in names for alias in node.names):
                detectors.append(module)
    known = [_detector(name) for name in detectors]
    effects = [name for one in known for name in one.effects] + [name for part in within for name in _added(part)]
    phases = [name for one in known for name in one.phases] + [name for part in within for name in _phases(part)]
    texts = frozenset(_texts(tree)).union(*(one.texts for one in known))
    return Outcomes(tuple(detectors), tuple(dict.fromkeys(effects)), tuple(dict.fromkeys(phases)), texts)


@cache
def _detector(name: str) -> Outcomes:
    """What findings of a detector can hold."""
    tree = ast.parse(source_file("detectors", name).read_text("utf-8"))
    effects, phases = dict.fromkeys(_documented(tree)), dict.fromkeys(_phases(tree))
    return Outcomes((name,), tuple(effects), tuple(phases), frozenset(_texts(tree)))


def _led_to(tree: ast.Module) -> Iterator[ast.AST]:
    """The value of `detect=` in the call of Phenomenon, and the functions of the file that it leads to."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    calls = (
        n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func).split(".")[-1] == "Phenomenon"
    )
    left: list[ast.AST] = [word.value for call in calls for word in call.keywords if word.arg == "detect"]
    seen: set[str] = set()
    while left:
        part = left.pop()
        yield part
        for node in ast.walk(part):
            if isinstance(node, ast.Name) and node.id in functions and node.id not in seen:
                seen.add(node.id)
                left.append(functions[node.id])


def _documented(detector: ast.Module) -> Iterator[str]:
    """The effects that the docstring of a detector names: in backticks after `Effects:`, up to its end or `Phases:`."""
    for node in detector.body:
        doc = ast.get_docstring(node) if isinstance(node, ast.FunctionDef) else None
        told = re.search(r"\bEffects:\s(.*?)(?:\bPhases:\s|\n\n|\Z)", doc or "", re.DOTALL)
        names = re.findall(r"`([a-z]\w*)`", told[1]) if told else []
        numbered = {name for name in names if re.fullmatch(r"\w+_[12]", name)}  # `half_1`, `half_2`, ...
        yield from (name[:-1] + ANY if name in numbered else name for name in names)


def _added(detect: ast.AST) -> Iterator[str]:
    """The effects that a function adds to a finding."""
    for node in ast.walk(detect):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "having":
            yield from (word.arg for word in node.keywords if word.arg is not None)
        keys: list[ast.expr | None] = []
        if isinstance(node, ast.Dict):
            keys = [key for key, value in zip(node.keys, node.values, strict=True) if _is_effect(value)]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript) and _is_effect(node.value):
            keys = [node.targets[0].slice]
        for key in keys:
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value
            elif isinstance(key, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else ANY for part in key.values)


def _is_effect(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func).split(".")[-1] == "Effect"


def _phases(part: ast.AST) -> Iterator[str]:
    """The phases that a function gives: by keyword, by a name `phase`, or as the last field of a finding."""
    for node in ast.walk(part):
        if isinstance(node, ast.Call):
            yield from (text for word in node.keywords if word.arg == "phase" for text in _values(word.value, None))
            if ast.unparse(node.func).split(".")[-1] == "Finding" and len(node.args) == 6:
                yield from _values(node.args[5], None)
        elif isinstance(node, ast.Assign):
            target = node.targets[0]
            among = target.elts if isinstance(target, ast.Tuple) else [target]
            for i, name in enumerate(among):
                if isinstance(name, ast.Name) and name.id == "phase":
                    yield from _values(node.value, i if isinstance(target, ast.Tuple) else None)


def _values(value: ast.expr, index: int | None) -> Iterator[str]:
    """The texts that an expression can be; with an index, its item there."""
    if isinstance(value, ast.IfExp):
        yield from (*_values(value.body, index), *_values(value.orelse, index))
    elif isinstance(value, ast.Tuple) and index is not None and index < len(value.elts):
        yield from _values(value.elts[index], None)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
        yield value.value


def _texts(tree: ast.AST) -> Iterator[str]:
    """Every text but docstrings, and pieces of texts that are built at run time."""
    nodes = list(ast.walk(tree))
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    prose |= {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value
