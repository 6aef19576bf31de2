"""Find the source of functions, classes and modules, as syntax without docstrings, comments and annotations."""

from __future__ import annotations

import ast
import dis
import inspect
import linecache
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from bestiary.train.source.imports import imports


class Unfollowed(ValueError):
    """What decides a run cannot be traced to its source; the message says what, and where it was met."""


class _File(NamedTuple):
    """One parsed file or notebook cell.

    Attributes:
        tree: its syntax.
        codes: {(name, line): what Python makes of the functions of that name that start there}.
        functions: {line: the functions that start there}.
        classes: {qualified name: the classes of that name}.
    """

    tree: ast.Module
    codes: dict[tuple[str, int], list[CodeType]]
    functions: dict[int, list[ast.AST]]
    classes: dict[str, list[ast.AST]]


def definition(thing: FunctionType | type) -> list[ast.AST]:
    """Return the definition of a function or a class, bare; several where a class is defined under conditions.

    Raises:
        Unfollowed: the source is not to be had, or was changed since it was imported.
    """
    name = f"{thing.__module__}.{thing.__qualname__}"
    file = thing.__code__.co_filename if isinstance(thing, FunctionType) else _file_of(thing)
    parsed = _parsed(file, _text(file))
    if parsed is None:
        raise Unfollowed(f"{name}: no source; define it in a file or a notebook cell")
    if isinstance(thing, FunctionType):
        line = thing.__code__.co_firstlineno
        codes = parsed.codes.get((thing.__code__.co_name, line), [])
        if not any(_same(thing.__code__, code) for code in chain(codes, _by_statement(parsed.tree, file))):
            raise Unfollowed(f"{name}: its source was changed since it was imported; start again, or reload it")
        found = parsed.functions.get(line, [])
        if len(found) > 1:  # two lambdas on one line
            found = _around(thing.__code__, found)
        if len(found) > 1:
            raise Unfollowed(f"{name}: several functions on line {line} of {file}; give each a line of its own")
    else:
        found = parsed.classes.get(thing.__qualname__, [])
    if not found:
        raise Unfollowed(f"{name}: no definition of it in {file}")
    return [_bare_once(node) for node in found]


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


@cache
def _bare_once(node: ast.AST) -> ast.AST:
    return bare(node)


def bare(node: ast.AST) -> ast.AST:
    """Return a copy of a piece of syntax without what decides no number: docstrings and annotations."""
    return ast.fix_missing_locations(_Bare().visit(ast.parse(ast.unparse(node))))


def bare_text(tree: ast.AST) -> str:
    """Write a piece of syntax as `bare` has it; the piece itself is changed, where `bare` makes a copy."""
    return ast.unparse(_Bare().visit(tree))


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
        tree, code = ast.parse(text), compile(text, file, "exec", dont_inherit=True)
    except SyntaxError:  # a shell's line, or half of an edit
        return None
    codes, functions, classes = defaultdict(list), defaultdict(list), defaultdict(list)
    for one in _codes(code):
        codes[one.co_name, one.co_firstlineno].append(one)
    for node in ast.walk(tree):
        if (line := _starts(node)) is not None:
            functions[line].append(node)
    for node, path in _classes(tree, ""):
        classes[path].append(node)
    return _File(tree, dict(codes), dict(functions), dict(classes))


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
    """Whether two pieces of code do the same and stand on the same line; docstrings do not count."""
    return a == b or ((a.co_name, a.co_firstlineno) == (b.co_name, b.co_firstlineno) and _content(a) == _content(b))


def _content(code: CodeType) -> tuple:
    """All of a piece of code that decides what it does."""
    docstring = bool(code.co_flags & inspect.CO_NEWLOCALS) and code.co_consts and isinstance(code.co_consts[0], str)
    # A string that comes first is a docstring, or it is loaded: then an instruction has its number, 0.
    loaded = docstring and any(i.opname == "LOAD_CONST" and i.arg == 0 for i in dis.get_instructions(code))
    constants = code.co_consts[1:] if docstring and not loaded else code.co_consts
    return (
        *(code.co_name, code.co_firstlineno, code.co_code, code.co_names),
        *(code.co_varnames, code.co_freevars, code.co_cellvars, code.co_argcount, code.co_kwonlyargcount),
        tuple(_content(c) if isinstance(c, CodeType) else _constant(c) for c in constants),
    )


def _constant(value: Any) -> str:
    """A constant as text: 1, 1.0 and True are equal, their texts are not."""
    if isinstance(value, frozenset):
        return f"{{{sorted(map(_constant, value))}}}"
    return repr(value)


def _around(code: CodeType, nodes: list[ast.AST]) -> list[ast.AST]:
    """The innermost of some functions that has all of a piece of code in its body."""
    places = [(line, column) for line, _, column, _ in code.co_positions() if line and column is not None]
    places = [place for place in places if place != (code.co_firstlineno, 0)] or places  # where every function starts
    whole = [node for node in nodes if all(_first(node) <= place < _last(node) for place in places)]
    return [max(whole, key=_first)] if whole and places else nodes


def _body(node: Any) -> list[Any]:
    return node.body if isinstance(node.body, list) else [node.body]


def _first(node: ast.AST) -> tuple[int, int]:
    return _body(node)[0].lineno, _body(node)[0].col_offset


def _last(node: ast.AST) -> tuple[int, int]:
    return _body(node)[-1].end_lineno, _body(node)[-1].end_col_offset


def _classes(node: ast.AST, prefix: str) -> Iterator[tuple[ast.ClassDef, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield child, prefix + child.name
            yield from _classes(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _classes(child, f"{prefix}{child.name}.<locals>.")
        else:
            yield from _classes(child, prefix)
