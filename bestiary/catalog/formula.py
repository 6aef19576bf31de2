"""Formulas as text, such as `(2 + 2*beta1) / lr`: what a law of form `theory` predicts from knobs and static values."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

LONGEST = 200  # characters; a formula of a paper is shorter

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "log1p": math.log1p,
    "sin": math.sin,
    "cos": math.cos,
    "min": min,
    "max": max,
    "abs": abs,
}
CONSTANTS = {"pi": math.pi}
BINARY: Mapping[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
UNARY: Mapping[type, Callable[[float], float]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}


def _parsed(formula: str) -> ast.expr:
    if len(formula) > LONGEST:
        raise ValueError(f"a formula of {len(formula)} characters; want at most {LONGEST}")
    try:
        tree = ast.parse(formula.strip(), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(f"{formula!r} is no formula") from None
    for node in ast.walk(tree):
        known = isinstance(node, ast.BinOp | ast.UnaryOp | ast.Name | ast.Load | ast.operator | ast.unaryop)
        number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
        called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
        if not known and not number and (called is None or (isinstance(node, ast.Call) and node.keywords)):
            raise ValueError(f"{formula!r}: want numbers, names, + - * / ** and {', '.join(FUNCTIONS)}")
        if called is not None and called not in FUNCTIONS:
            raise ValueError(f"{formula!r}: no function {called!r}; there are {', '.join(FUNCTIONS)}")
        operation = node.op if isinstance(node, ast.BinOp | ast.UnaryOp) else None
        if operation is not None and type(operation) not in (*BINARY, *UNARY):
            raise ValueError(f"{formula!r}: want + - * / **")
    return tree


def names(formula: str) -> list[str]:
    """List the names that a formula needs, in the order in which they come.

    Raises:
        ValueError: it is no formula; in one line.

    Examples:
        >>> names("sqrt(2 * lr * weight_decay) + pi")
        ['lr', 'weight_decay']
    """
    tree = _parsed(formula)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return list(dict.fromkeys(node.id for node in found if node.id not in CONSTANTS))


def evaluate(formula: str, values: Mapping[str, float]) -> float:
    """Compute a formula.

    Args:
        formula: of numbers, names, `+ - * / **` and a few functions.
        values: of its names.

    Raises:
        ValueError: it is no formula, a name has no value, or the result is no finite number; in one line.

    Examples:
        >>> evaluate("(2 + 2*beta1) / (1 - beta1)", {"beta1": 0.5})
        6.0
    """

    def of(node: ast.AST) -> float:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return float(node.value)
        if isinstance(node, ast.Name):
            if node.id not in values and node.id not in CONSTANTS:
                raise ValueError(f"{formula!r}: {node.id!r} has no value")
            return float(values.get(node.id, CONSTANTS.get(node.id, math.nan)))
        if isinstance(node, ast.BinOp):
            return BINARY[type(node.op)](of(node.left), of(node.right))
        if isinstance(node, ast.UnaryOp):
            return UNARY[type(node.op)](of(node.operand))
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)  # _parsed has seen to it
        return FUNCTIONS[node.func.id](*map(of, node.args))

    try:
        result = of(_parsed(formula))
    except (ArithmeticError, TypeError) as error:
        raise ValueError(f"{formula!r} cannot be computed: {error}") from None
    if isinstance(result, complex) or not math.isfinite(result):
        raise ValueError(f"{formula!r} is {result} at {dict(values)}")
    return result
