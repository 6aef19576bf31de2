"""Read the knobs and static values of an entry from the text of its file, which is not imported.

Standard library only, for completion at the prompt and for pages: JAX is seconds of start-up.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

PARTS = {"Knobs": True, "Static": False}  # class: whether its values are traced
KINDS = {"float": "number", "int": "integer", "str": "word"}
CONTRACT = {"steps": ("step", "length of a run"), "log_every": ("step", "from one record to the next")}


class Knob(NamedTuple):
    """One value of a setup that can be changed.

    Attributes:
        name: as `--set` and `--over` take it.
        traced: whether it is a knob, so that a change compiles nothing; else it is a static value.
        kind: number, integer or word.
        default: the setup's own value.
        unit: as the comment beside the field states it; "" where it states none.
        meaning: what the comment says after the unit; "" where it says nothing.
    """

    name: str
    traced: bool
    kind: str
    default: float | int | str
    unit: str
    meaning: str


def knobs_of(key: str) -> tuple[Knob, ...]:
    """Read the knobs of an entry, then its static values, in the order of its file.

    A field is written as `name: float = 0.01  # [unit] meaning`. A meaning may go on in comments directly below the
    field. `steps` and `log_every`, which every setup has, need no comment.

    Args:
        key: the entry's key in the catalog.

    Raises:
        ValueError: there is no such file, or a field in it is not of this form; in one line.
    """
    spec = find_spec("bestiary.phenomena")
    files = [Path(folder) / f"{key}.py" for folder in (spec and spec.submodule_search_locations) or ()]
    file = next((file for file in files if file.is_file()), None)
    if file is None or not key.isidentifier():
        raise ValueError(f"no file phenomena/{key}.py")
    return parse(file.read_text("utf-8"), file.name)


def parse(source: str, name: str) -> tuple[Knob, ...]:
    """Read the fields of the classes Knobs and Static in the text of a module.

    Args:
        source: the text.
        name: of the file, for messages.

    Raises:
        ValueError: a class or a default is missing, or a type or a default cannot be read; in one line.
    """
    module, comments = ast.parse(source, name), _comments(source)
    constants, classes = {}, {}
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            classes[node.name] = node
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            constants[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            constants[node.target.id] = node.value
    made = []
    for part, traced in PARTS.items():
        if part not in classes:
            raise ValueError(f"{name}: no class {part}")
        for field in classes[part].body:
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                made.append(_knob(field, field.target.id, traced, constants, comments, name))
    return tuple(made)


def _knob(
    field: ast.AnnAssign,
    called: str,
    traced: bool,
    constants: dict[str, ast.expr],
    comments: dict[int, tuple[bool, str]],
    file: str,
) -> Knob:
    """Read one field, its type, its default and the comment beside it."""
    where, annotation = f"{file}:{field.lineno}: {called}", ast.unparse(field.annotation)
    if annotation not in KINDS:
        raise ValueError(f"{where}: want float, int or str, not {annotation}")
    if field.value is None:
        raise ValueError(f"{where}: no default")
    value = constants.get(field.value.id, field.value) if isinstance(field.value, ast.Name) else field.value
    try:
        default = ast.literal_eval(value)
    except ValueError:
        raise ValueError(f"{where}: want a literal or a constant of the file, not {ast.unparse(value)}") from None
    text = " ".join(_beside(field, comments))
    unit, meaning = "", text
    if text.startswith("[") and "]" in text:
        unit, _, meaning = text[1:].partition("]")
    if not text:
        unit, meaning = CONTRACT.get(called, ("", ""))
    return Knob(called, traced, KINDS[annotation], default, unit.strip(), meaning.strip())


def _beside(field: ast.AnnAssign, comments: dict[int, tuple[bool, str]]) -> Iterator[str]:
    """Yield the comment on the field's last line, and those that stand alone on the lines directly below it."""
    line = field.end_lineno or field.lineno
    if line in comments:
        yield comments[line][1]
        while comments.get(line := line + 1, (False, ""))[0]:
            yield comments[line][1]


def _comments(source: str) -> dict[int, tuple[bool, str]]:
    """{line: whether the comment is all that stands there, its text}."""
    return {
        token.start[0]: (not token.line[: token.start[1]].strip(), token.string.lstrip("#").strip())
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
