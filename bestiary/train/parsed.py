"""Find the source of functions, classes and modules, as syntax without docstrings, comments and annotations."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple


class Unfollowed(ValueError):
    """What decides a run cannot be traced to its source; the message says what, and where it was met."""


class _File(NamedTuple):
    """One parsed file or notebook cell."""

    tree: ast.Module
    code: CodeType


def definition(thing: FunctionType | type) -> list[ast.AST]:
    """Return the definition of a function or a class, bare; several where a line holds more than one lambda.

    Raises:
        Unfollowed: the source is not to be had, or was changed since it was imported.
    """
    name = f"{thing.__module__}.{thing.__qualname__}"
    if isinstance(thing, FunctionType):
        file, line = thing.__code__.co_filename, thing.__code__.co_firstlineno
    else:
        file, line = _file_of(thing), None
    parsed = _parsed(file, _text(file))
    if parsed is None:
        raise Unfollowed(f"{name}: no source; define it in a file or a notebook cell")
    if isinstance(thing, FunctionType):
        codes = chain(_codes(parsed.code), _by_statement(parsed.tree, file))
        if not any(_same(thing.__code__, code) for code in codes):
            raise Unfollowed(f"{name}: its source was changed since it was imported; start again, or reload it")
        found = [node for node in ast.walk(parsed.tree) if _starts(node) == line]
    else:
        found = [node for node, path in _classes(parsed.tree, "") if path == thing.__qualname__]
    if not found:
        raise Unfollowed(f"{name}: no definition of it in {file}")
    return [bare(node) for node in found]


def module_text(name: str, where: str) -> Iterator[str]:
    """Yield the text of a module and of all modules of its package that it imports, in whatever form.

    Args:
        name: dotted name.
        where: how the walk came there, for the error.

    Raises:
        Unfollowed: the module has no source file.
    """
    top, seen, left = name.partition(".")[0], set(), [name]
    while left:
        one = left.pop()
        if one in seen:
            continue
        seen.add(one)
        spec = find_spec(one)
        parsed = _parsed(spec.origin, _text(spec.origin)) if spec and spec.origin else None
        if parsed is None:
            raise Unfollowed(f"{where}: module {one} has no source file")
        yield f"{one}: {ast.unparse(bare(parsed.tree))}"
        left += [other for other in imports(parsed.tree, one) if other.partition(".")[0] == top]


def imports(tree: ast.AST, module: str) -> set[str]:
    """Return the modules that a module imports, in whatever form, inside functions too.

    Args:
        tree: the module's syntax.
        module: its dotted name, from which relative imports start.
    """
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(module.split(".")[: -node.level]) if node.level else ""
            base = ".".join(filter(None, (base, node.module)))
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return {name for name in found if _exists(name)}


def names_in(node: ast.AST) -> set[tuple[str, ...]]:
    """Return every name that a definition reads, with the attributes that follow: a.b.c is (a, b, c)."""
    found: set[tuple[str, ...]] = set()
    left = [node]
    while left:
        part, chain = left.pop(), ()
        while isinstance(part, ast.Attribute):
            part, chain = part.value, (part.attr, *chain)
        if isinstance(part, ast.Name):
            found |= {(part.id, *chain)} if isinstance(part.ctx, ast.Load) else set()
        else:
            left += ast.iter_child_nodes(part)
    return found


def bare(node: ast.AST) -> ast.AST:
    """Return a copy of a piece of syntax without what decides no number: docstrings and annotations."""
    return ast.fix_missing_locations(_Bare().visit(ast.parse(ast.unparse(node))))


class _Bare(ast.NodeTransformer):
    def generic_visit(self, node: ast.AST) -> Any:
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list) and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            kept = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
            node.body = kept or [ast.Pass()]  # pyright: ignore[reportAttributeAccessIssue]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> Any:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)


def _text(file: str) -> str:
    """The lines of a file, or of a notebook cell, as they are now."""
    linecache.checkcache(file)
    return "".join(linecache.getlines(file))


@cache
def _parsed(file: str, text: str) -> _File | None:
    if not text and not Path(file).is_file():
        return None
    try:
        return _File(ast.parse(text), compile(text, file, "exec", dont_inherit=True))
    except SyntaxError:  # a shell's line, or half of an edit
        return None


def _file_of(cls: type) -> str:
    """Where a class was defined: the file of its module, or of one of its methods in a notebook."""
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None)
    if file:
        return file
    for value in vars(cls).values():
        value = getattr(value, "__wrapped__", value)
        if isinstance(value, FunctionType) and not value.__code__.co_filename.endswith("string>"):
            return value.__code__.co_filename
    name = f"class {cls.__qualname__}"
    cells = [file for file in linecache.cache if name in "".join(linecache.getlines(file))]
    return cells[-1] if cells else ""


def _starts(node: ast.AST) -> int | None:
    """The line on which Python says that a function starts: that of its first decorator."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return node.lineno if isinstance(node, ast.Lambda) else None


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _by_statement(tree: ast.Module, file: str) -> Iterator[CodeType]:
    """What a notebook runs: each statement compiled alone, where a method of an imported name is called otherwise."""
    for statement in tree.body:
        yield from _codes(compile(ast.Module([statement], []), file, "exec", dont_inherit=True))


def _same(a: CodeType, b: CodeType) -> bool:
    """Whether two pieces of code do the same, wherever they stand."""
    if (a.co_name, a.co_firstlineno, a.co_code, a.co_names) != (b.co_name, b.co_firstlineno, b.co_code, b.co_names):
        return False
    plain = ([c for c in code.co_consts if not isinstance(c, CodeType | str)] for code in (a, b))
    return repr(next(plain)) == repr(next(plain))


def _classes(node: ast.AST, prefix: str) -> Iterator[tuple[ast.ClassDef, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield child, prefix + child.name
            yield from _classes(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _classes(child, f"{prefix}{child.name}.<locals>.")
        else:
            yield from _classes(child, prefix)


@cache
def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError, AttributeError):  # the parent is no package
        return False
