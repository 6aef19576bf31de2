"""What files say of themselves: docstrings, read from the text of the files; nothing is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple


class Told(NamedTuple):
    """A name with its signature and its docstring.

    Attributes:
        name: as one writes it, such as `Log.of`.
        signature: with arguments and what is returned; of a class that of its fields or of `__init__`.
        text: the docstring.
        members: public methods of a class.
    """

    name: str
    signature: str
    text: str
    members: Sequence[Told] = ()


def module_text(file: Path) -> str:
    """Return the docstring of a file; empty if it has none."""
    return ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""


def parts_of(docstring: str) -> list[tuple[str, str]]:
    r"""Split the docstring of a setup into its parts, each with the word that opens it: Setup, Claim, Control, Source.

    Examples:
        >>> parts_of("Grokking.\n\nSetup. Pairs (a, b).\n\nSource. Power et al.")
        [('', 'Grokking.'), ('Setup', 'Pairs (a, b).'), ('Source', 'Power et al.')]
    """
    made: list[tuple[str, str]] = []
    for paragraph in re.split(r"\n\s*\n", docstring.strip()):
        found = re.match(r"([A-Z][a-z]+)\. ", paragraph)
        made.append((found[1], flowed(paragraph[found.end() :])) if found and made else ("", flowed(paragraph)))
    return made


def flowed(text: str) -> str:
    r"""Join the lines of each paragraph; those that are indented, such as equations, stay on lines of their own.

    Examples:
        >>> flowed("A line\ngoes on:\n    y = x\nand on.")
        'A line goes on:\n    y = x\nand on.'
    """
    made = ""
    for line in text.splitlines():
        apart = not made or made.endswith("\n") or not line.strip() or line[:1].isspace() or _last(made)[:1].isspace()
        made += (("\n" if made else "") if apart else " ") + line
    return made


def _last(text: str) -> str:
    return text.rpartition("\n")[2]


def told(file: Path, name: str) -> Told | None:
    """Find a function or class at the top of a file; None if there is none of that name, or it has no docstring."""
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name and ast.get_docstring(node):
            return _told(node, "")
    return None


def _told(node: ast.FunctionDef | ast.ClassDef, above: str) -> Told:
    name = f"{above}{node.name}"
    if isinstance(node, ast.FunctionDef):
        return Told(name, _signature(node, name), ast.get_docstring(node) or "")
    members = [_told(member, f"{name}.") for member in _public(node)]
    maker = next((m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"), None)
    signature = _signature(maker, name) if maker else f"{name}{_fields(node)}"
    return Told(name, signature, ast.get_docstring(node) or "", members)


def _fields(node: ast.ClassDef) -> str:
    """Write the fields of a class as arguments; nothing if it has none."""
    fields = [
        member for member in node.body if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)
    ]
    return f"({', '.join(ast.unparse(field) for field in fields)})" if fields else ""


def _public(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    for member in node.body:
        if isinstance(member, ast.FunctionDef) and not member.name.startswith("_") and ast.get_docstring(member):
            yield member


def _signature(node: ast.FunctionDef, name: str) -> str:
    """Write a function's arguments and what it returns; a property is its name alone."""
    kinds = {ast.unparse(d) for d in node.decorator_list}
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    if kinds & {"property", "cached_property"}:
        return f"{name}: {ast.unparse(node.returns)}" if node.returns else name
    arguments = re.sub(r"^(self|cls)(, |$)", "", ast.unparse(node.args))
    return f"{name}({arguments}){'' if node.name == '__init__' else returns}"
