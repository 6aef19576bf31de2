"""Read the knobs and static values of an entry from the text of its file, which is not imported.

Standard library only, for completion at the prompt and for pages: JAX is seconds of start-up.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple, get_args, get_origin

from bestiary.catalog.setups import ranges
from bestiary.catalog.setups.ranges import Range
from bestiary.catalog.setups.source_files import source_file

PARTS = {"Knobs": True, "Static": False}  # class: whether its values are traced
KINDS = {"float": "number", "int": "integer", "str": "word"}
CONTRACT = {  # field: unit, meaning and range
    "steps": ("step", "length of a run", ">= 1"),
    "log_every": ("step", "from one record to the next", "1 to static.steps"),
}
COUNT, SHARE = ranges.trailing(">= 1"), ranges.trailing("0 to 1")  # of a static integer, of the unit `share`


class Knob(NamedTuple):
    """One value of a setup that can be changed.

    Attributes:
        name: as `--set` and `--over` take it.
        traced: whether it is a knob, so that a change compiles nothing; else it is a static value.
        kind: number, integer or word.
        default: the setup's own value.
        unit: as the comment beside the field states it; "" where it states none.
        meaning: what the comment says after the unit, the ranges included; "" where it says nothing.
        words: the words that a static word may be; empty if any word may stand there, and for numbers.
        ranges: where a number may lie; it is in all of them, and finite.
    """

    name: str
    traced: bool
    kind: str
    default: float | int | str
    unit: str
    meaning: str
    words: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()

    @property
    def allowed(self) -> str:
        """Return the words, or the ranges, that a value may be in; empty if any finite number or word may stand."""
        return " or ".join(self.words) if self.words else "; ".join(one.text for one in self.ranges)


def knobs_of(key: str) -> tuple[Knob, ...]:
    """Read the knobs of an entry, then its static values, in the order of its file.

    A field is written as `name: float = 0.01  # [unit] meaning; range`. A meaning may go on in comments directly below
    the field; see `ranges.read` for the ranges that may end it. A static integer without a range is a count from 1 on.
    The words of a choice are its annotation, `Literal["adam", "sgd"]`. `steps` and `log_every`, which every setup has,
    need no comment.

    Args:
        key: the entry's key in the catalog.

    Raises:
        ValueError: there is no such file, or a field in it is not of this form; in one line.
    """
    file = source_file("phenomena", key)
    return parse(file.read_text("utf-8"), file.name)


@cache
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
    words = words_of(annotation)
    if annotation not in KINDS and not words:
        raise ValueError(f"{where}: want float, int, str or Literal of words, not {annotation}")
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
    unit, meaning, span = (unit.strip(), meaning.strip(), "") if text else CONTRACT.get(called, ("", "", ""))
    kind = KINDS.get(annotation, "word")
    if words and default not in words:
        raise ValueError(f"{where}: the default {default!r} is not one of {', '.join(words)}")
    return Knob(called, traced, kind, default, unit, meaning, words, range_of(kind, unit, span or meaning))


def range_of(kind: str, unit: str, meaning: str) -> tuple[Range, ...]:
    """Return the ranges that a comment states, or what goes without saying: a count is 1 or more, a share is 0 to 1.

    Args:
        kind: number, integer or word.
        unit: of the value.
        meaning: the comment after the unit, or what ends it.
    """
    if kind == "word":
        return ()
    stated = ranges.trailing(meaning)
    if kind == "integer":
        return stated if any(one.has_low_end for one in stated) else (*stated, *COUNT)
    return stated or (SHARE if unit == "share" else ())


def words_of(annotation: object) -> tuple[str, ...]:
    """Return the words of a Literal; none if the annotation is another, or has something else than words.

    Args:
        annotation: of a field: an object, its text, or a forward reference to it.
    """
    if get_origin(annotation) is Literal:
        words = get_args(annotation)
        return words if all(isinstance(word, str) for word in words) else ()
    text = getattr(annotation, "__forward_arg__", annotation)
    tree = ast.parse(text, mode="eval").body if isinstance(text, str) else None
    if not isinstance(tree, ast.Subscript) or ast.unparse(tree.value) not in ("Literal", "typing.Literal"):
        return ()
    parts = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
    words = tuple(p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str))
    return words if len(words) == len(parts) else ()


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
