"""Hash the source of what decides a run, as far as it can be followed from a setup's own functions.

From a function the walk goes on to every function, class and constant that the function names, through the modules of
bestiary and of whoever calls it. It stops at installed packages, of which the names count. Docstrings, comments and
annotations do not count: they decide no number.
"""

from __future__ import annotations

import ast
import enum
import hashlib
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from bestiary.train.parsed import Unfollowed, definition, module_text, names_in

PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
OPAQUE = ("bestiary.log",)  # what detectors read and answer: how a log prints decides no run


class Source(NamedTuple):
    """What some objects lead to.

    Attributes:
        code: hash of all the source, 16 hexadecimal digits.
        packages: installed packages that the source names, whose versions may change a run too.
    """

    code: str
    packages: tuple[str, ...]


def source_of(parts: Mapping[str, Any]) -> Source:
    """Hash objects with all the source that they lead to.

    Args:
        parts: {name: function, class, constant, or a container of them}.

    Raises:
        Unfollowed: some part leads to an object whose source cannot be found; the message names it.
    """
    walk = _Walk()
    tokens = [f"{name}={walk.visit(value, name)}" for name, value in sorted(parts.items())]
    h = hashlib.sha256()
    for line in (*tokens, *sorted(walk.texts)):
        h.update(line.encode() + b"\0")
    return Source(h.hexdigest()[:16], tuple(sorted(walk.packages)))


class _Walk:
    """One walk: every object gets a token that names it, every definition on the way is kept as text."""

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self.packages: set[str] = set()
        self._tokens: dict[int, str] = {}
        self._alive: list[Any] = []  # an object that is gone would give its id to another

    def visit(self, value: Any, where: str) -> str:
        """The token of a value; what the value leads to is kept.

        Args:
            value: any object.
            where: how the walk came there, for the error.
        """
        if isinstance(value, PLAIN) and not isinstance(value, enum.Enum):
            return repr(value)
        if id(value) not in self._tokens:
            self._alive.append(value)
            self._tokens[id(value)] = f"<{type(value).__name__} within itself>"
            self._tokens[id(value)] = self._token(value, where)
        return self._tokens[id(value)]

    def _token(self, value: Any, where: str) -> str:
        match value:
            case enum.Enum():
                return f"{self.visit(type(value), where)}.{value.name}"
            case partial():
                return f"partial({self._all([value.func, value.args, value.keywords], where)})"
            case MethodType():
                return f"method({self._all([value.__func__, value.__self__], where)})"
            case ModuleType():
                known = _installed(value.__name__)
                return self._foreign(value.__name__, value.__name__) if known else self._module(value, where)
            case FunctionType():
                return self._function(value, where)
            case type():
                return self._class(value, where)
            case Mapping():
                rows = [f"{self.visit(k, where)}: {self.visit(v, where)}" for k, v in value.items()]
                return f"{{{', '.join(rows)}}}"
            case tuple() | list():
                kind = "" if type(value) in (tuple, list) else self.visit(type(value), where)
                return f"{kind}[{self._all(value, where)}]"
            case set() | frozenset():
                return f"{{{', '.join(sorted(self.visit(v, where) for v in value))}}}"
            case BuiltinFunctionType():
                return f"{value.__module__}.{value.__qualname__}"
        if hasattr(value, "__array__") and hasattr(value, "dtype"):
            array = np.asarray(value)
            content = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
            return f"array({array.dtype}, {array.shape}, {content})"
        return self._object(value, where)

    def _all(self, values: Any, where: str) -> str:
        return ", ".join(self.visit(v, where) for v in values)

    def _function(self, f: FunctionType, where: str) -> str:
        """A function's name with what it has closed over; its text, and what the text names."""
        name = f"{f.__module__}.{f.__qualname__}"
        held = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True))
        cells = [f"{k}={self.visit(c.cell_contents, f'{name}: {k}')}" for k, c in held.items() if _filled(c)]
        defaults = self._all([f.__defaults__ or (), f.__kwdefaults__ or {}], name)
        token = f"{name}({'; '.join([*cells, defaults])})"
        if _opaque(f.__module__):
            return token
        if _installed(f.__module__):
            return self._foreign(f.__module__, token)
        inner = getattr(f, "__wrapped__", None)
        if inner is not None:  # a decorator of an installed package may hide what it wraps
            token += f" of {self.visit(inner, name)}"
        if f.__code__.co_filename.startswith("<") and f.__code__.co_filename.endswith("string>"):
            if inner is None and not _generated(f):
                raise Unfollowed(f"{where}: {name} was made from a string; define it in a file or a cell")
            return token  # made by dataclass or NamedTuple: the class says all
        for node in definition(f):
            self._keep(name, node, f.__globals__)
        return token

    def _class(self, cls: type, where: str) -> str:
        """A class's name; the text of its definition with the methods, and what the text names."""
        name = f"{cls.__module__}.{cls.__qualname__}"
        if _opaque(cls.__module__) or _installed(cls.__module__):
            return self._foreign(cls.__module__, name)
        for node in definition(cls):
            self._keep(name, node, vars(sys.modules[cls.__module__]))
        for base in cls.__bases__:
            self.visit(base, name)
        return name

    def _keep(self, name: str, node: ast.AST, names: Mapping[str, Any]) -> None:
        self.texts.add(f"{name}: {ast.unparse(node)}")
        for chain in names_in(node):
            if chain[0] not in names:
                continue  # a local name, a built-in, or what the function has closed over
            value, path = names[chain[0]], chain[0]
            for attribute in chain[1:]:
                if not isinstance(value, ModuleType) or _installed(value.__name__) or not hasattr(value, attribute):
                    break
                value, path = getattr(value, attribute), f"{path}.{attribute}"
            self.texts.add(f"{name} names {path}: {self.visit(value, f'{name}: {path}')}")

    def _foreign(self, module: str, name: str) -> str:
        """A name of an installed package; the package is noted, its source is not read."""
        top = module.partition(".")[0]
        if top not in sys.stdlib_module_names and top != "bestiary":
            self.packages.add(top)
        return name

    def _module(self, module: ModuleType, where: str) -> str:
        """A module that is handed on as a whole: all its text, and that of the modules it imports."""
        for text in module_text(module.__name__, where):
            self.texts.add(text)
        return module.__name__

    def _object(self, value: Any, where: str) -> str:
        """Any other object: its class, and all its attributes."""
        kind = self.visit(type(value), where)
        inner = getattr(value, "__wrapped__", None)  # a jitted function, a cached one
        if inner is not None:
            return f"{kind} of {self.visit(inner, where)}"
        try:
            held = vars(value)
        except TypeError:
            raise Unfollowed(f"{where}: an object of type {type(value).__qualname__} cannot be followed") from None
        rows = [f"{k}={self.visit(v, f'{where}.{k}')}" for k, v in sorted(held.items())]
        return f"{kind}({', '.join(rows)})"


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a name that is not bound yet
        return False


def _generated(f: FunctionType) -> bool:
    """Whether dataclass or NamedTuple wrote a method."""
    owner = sys.modules.get(f.__module__)
    parts = f.__qualname__.split(".")
    return hasattr(owner, parts[0]) if len(parts) > 1 else f.__name__ in ("__new__", "__init__", "__create_fn__")


def _opaque(module: str | None) -> bool:
    return module in OPAQUE


@cache
def _homes() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    return tuple(Path(paths[k]).resolve() for k in ("stdlib", "platstdlib", "purelib", "platlib"))


@cache
def _installed(module: str | None) -> bool:
    """Whether a module is Python's own or of an installed package that is not bestiary."""
    top = (module or "").partition(".")[0]
    if top in ("", "bestiary", "__main__"):
        return False
    if top in sys.stdlib_module_names or top in sys.builtin_module_names:
        return True
    loaded = sys.modules.get(top)
    spec = getattr(loaded, "__spec__", None) or (None if loaded else find_spec(top))
    places = [spec.origin] if spec and spec.origin else list(getattr(spec, "submodule_search_locations", None) or ())
    return any(home in Path(place).resolve().parents for place in places for home in _homes())
