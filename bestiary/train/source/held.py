"""What an object or a class holds, as far as it decides what a function makes of it."""

from __future__ import annotations

import copyreg
import dataclasses
from collections.abc import Mapping
from functools import cached_property
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

PROSE = {"__doc__", "__annotations__", "__module__", "__name__", "__qualname__"}
KEPT_BY_PYTHON = PROSE | {
    *("__dict__", "__weakref__", "__slots__", "__match_args__", "__parameters__", "__orig_bases__", "__final__"),
    *("__firstlineno__", "__static_attributes__"),  # from Python 3.13 on
    "__slotnames__",  # which Python notes in a class once an instance is copied or pickled
    *("__abstractmethods__", "_abc_impl", "__dataclass_params__", "__protocol_attrs__", "_is_protocol"),
}
OF_ONE_USE = {"_id", "_state", "_parent_ref"}  # what a module of flax notes while it is applied
BUILTIN: tuple[Any, ...] = (dict, list, tuple, set, frozenset, int, float, complex, str, bytes)


def content(value: Any) -> list[Any]:
    """Return what an object of a class that one can read holds: its attributes, and its items if it is a container.

    Raises:
        TypeError: part of it is held where Python cannot look.
    """
    held = {}
    for cls in type(value).__mro__:
        slots = (name for name, kind in vars(cls).items() if isinstance(kind, MemberDescriptorType))
        held |= {name: getattr(value, name) for name in slots if name not in held and hasattr(value, name)}
    held |= getattr(value, "__dict__", {})
    if any(cls.__module__ == "flax.linen.module" for cls in type(value).__mro__):
        held = {name: one for name, one in held.items() if name not in OF_ONE_USE}
    items = next((kind(value) for kind in BUILTIN if isinstance(value, kind)), None)
    hidden = [cls for cls in type(value).__mro__ if not _open(cls)]
    return [without_prose(held), items, *(foreign_content(value) if hidden else ())]


def foreign_content(value: Any) -> list[Any]:
    """Return what an object of an installed package holds, as it would tell `pickle`.

    Raises:
        TypeError: it does not say.
    """
    held = getattr(value, "__dict__", {})
    if "__wrapped__" in held:  # a jitted function, a cached one, one with a derivative of its own
        return [{k: v for k, v in without_prose(held).items() if not k.startswith("_") or k == "__wrapped__"}]
    try:
        told = copyreg.dispatch_table.get(type(value))
        made = told(value) if told else value.__reduce_ex__(4)
    except Exception as error:  # whatever a class raises that does not want to be pickled
        raise TypeError(str(error)) from error
    if isinstance(made, str):
        return [made]
    make, args, state, items, pairs, *_ = (*made, None, None, None, None)
    state = without_prose(state) if isinstance(state, dict) else state
    return [make, args, state, items and list(items), pairs and list(pairs)]


def attributes(cls: type) -> dict[str, Any]:
    """Return what a class holds beside its bases, as it is now: methods bare of their descriptors, and values."""
    held: dict[str, Any] = {}
    for name, value in vars(cls).items():
        if name == "__dataclass_fields__":
            held[name] = [(f.name, f.default, f.default_factory, f.init, f.kw_only) for f in _fields(value)]
        elif name not in KEPT_BY_PYTHON and not _place(value) and not generated(value):
            held[name] = _bare(value)
    return held


def without_prose(held: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes without those that decide no number."""
    return {name: value for name, value in held.items() if name not in PROSE}


def _fields(known: Mapping[str, Any]) -> list[Any]:
    """The fields of a dataclass but for those that are none, which it keeps too."""
    return [f for f in known.values() if f._field_type is not getattr(dataclasses, "_FIELD_CLASSVAR", None)]


def _open(cls: type) -> bool:
    """Whether a class hides nothing: one written in Python, or a container whose items are read anyhow."""
    return cls is object or cls in BUILTIN or bool(cls.__flags__ & (1 << 9))  # Py_TPFLAGS_HEAPTYPE


def _place(value: Any) -> bool:
    """Whether an attribute of a class is only the place of an instance's: a slot, a field of a named tuple."""
    return isinstance(value, MemberDescriptorType | GetSetDescriptorType) or type(value).__name__ == "_tuplegetter"


def _bare(value: Any) -> Any:
    match value:
        case staticmethod() | classmethod():
            return value.__func__
        case property():
            return [value.fget, value.fset, value.fdel]
        case cached_property():
            return value.func
    return value


def generated(function: Any) -> bool:
    """Return whether dataclass or NamedTuple wrote a method, from what the class says."""
    function = getattr(function, "__wrapped__", function)
    if not isinstance(function, FunctionType):
        return False
    home = str(function.__globals__.get("__name__"))
    return function.__code__.co_qualname.startswith("__create_fn__.") or home.startswith("namedtuple_")
