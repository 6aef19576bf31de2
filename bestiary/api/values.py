"""Values as one writes them in Python: scalars and arrays of NumPy, JAX and pandas, counts, axes."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any

from bestiary.catalog.axes import Axis, parse

ROOTS = 2**32  # a root is 32 bits of a key


def turned(values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the values that are lists or arrays, as lists.

    Raises:
        ValueError: `name: why`, for a list without values, or with lists in it.
    """
    made = {}
    for name, value in values.items():
        if isinstance(value, str) or not hasattr(value, "__len__") or getattr(value, "ndim", 1) == 0:
            continue
        if getattr(value, "ndim", 1) > 1:
            raise ValueError(f"{name}: want one value or a list of values, not an array of shape {tuple(value.shape)}")
        made[name] = list(value)
        if not made[name]:
            raise ValueError(f"{name}: no value in the list")
    return made


def plain(value: Any) -> Any:
    """Return the scalar of an array library as Python's; of a float32 the shortest decimal, 0.9, not 0.89999998."""
    if str(getattr(value, "dtype", "")) in ("float32", "float16", "bfloat16"):
        return float(str(value))
    return value.item() if hasattr(value, "item") and hasattr(value, "dtype") else value


def whole(name: str, value: Any, least: int, below: int | None = None) -> int:
    """Return a whole number within limits.

    Raises:
        ValueError: `name: why`.
    """
    limits = f"{least} or more" if below is None else f"{least} to {below - 1}"
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name}: want a whole number, {limits}, not {value!r}") from None
    if number < least or (below is not None and number >= below):
        raise ValueError(f"{name}: want {limits}, not {number}")
    return number


def roots(value: Any) -> list[int]:
    """Return one root seed, or several, as a list.

    Raises:
        ValueError: one of them is no root seed, or there is none.
    """
    several = isinstance(value, Iterable) and not isinstance(value, str) and getattr(value, "ndim", 1) > 0
    made = [whole("root", one, 0, ROOTS) for one in (value if several else [value])]
    if not made:
        raise ValueError("root: no value in the list")
    return made


def axis(name: str, value: Any) -> Axis:
    """Return an axis as one writes it in Python: (lo, hi, n), (lo, hi, n, "log") or a list of values.

    Raises:
        ValueError: what is wrong, in one line.
    """
    if isinstance(value, tuple) and len(value) in (3, 4) and (len(value) == 3 or value[3] == "log"):
        return parse(f"{name}={':'.join(str(plain(v)) for v in value)}")
    if isinstance(value, tuple):
        raise ValueError(f"{name}={value}: want (lo, hi, n), (lo, hi, n, 'log') or a list of values")
    return parse(f"{name}={','.join(str(plain(v)) for v in value)}")
