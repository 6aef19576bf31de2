"""Hash the source of what decides a run, as far as it can be followed from a setup's own functions.

From a function the walk goes on to every function, class and constant that the function names, through the modules of
bestiary and of whoever calls it; what a name stands for is read when the walk comes to it. The walk stops at installed
packages, of which the names count. Docstrings, comments and annotations do not count: they decide no number.

A function that looks names up by text, or reads the environment or a file, cannot be followed.
"""

from __future__ import annotations

import ast
import builtins
import enum
import hashlib
import importlib
import os
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bestiary.train.source.held import attributes, content, foreign_content, generated, without_prose
from bestiary.train.source.imports import imported_in
from bestiary.train.source.parsed import Unfollowed, definition, module_text, names_in

PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
OPAQUE = ("bestiary.log",)  # what detectors read and answer: how a log prints decides no run
HIDING = (  # what these give stands in no source
    *(globals, eval, exec, open, builtins.__import__, importlib.import_module, sys.modules, os.environ, os.getenv),
    *(np.load, np.loadtxt, np.genfromtxt, np.fromfile),
)
READERS = {  # methods and functions that read a file, whatever they are of
    *("read_text", "read_bytes", "read_csv", "read_parquet", "read_json", "read_excel", "read_pickle"),
    *("open_dataset", "load_dataset", "loadmat", "imread"),
}


class Source(NamedTuple):
    """What some objects lead to.

    Attributes:
        code: hash of all the source, 16 hexadecimal digits.
        packages: installed packages that the source names, whose versions may change a run too.
        names: {a name in the source: what it stands for now}.
    """

    code: str
    packages: tuple[str, ...]
    names: Mapping[str, str]


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
    for line in (*tokens, *sorted(walk.texts), *(f"{name}: {token}" for name, token in sorted(walk.names.items()))):
        h.update(line.encode() + b"\0")
    return Source(h.hexdigest()[:16], tuple(sorted(walk.packages)), walk.names)


class _Walk:
    """One walk: every object gets a token that names it, every definition on the way is kept as text."""

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self.names: dict[str, str] = {}
        self.packages: set[str] = set()
        self._tokens: dict[int, str] = {}
        self._alive: list[Any] = []  # an object that is gone would give its id to another

    def visit(self, value: Any, where: str) -> str:
        """The token of a value; what the value leads to is kept.

        Args:
            value: any object.
            where: how the walk came there, for the error.
        """
        if type(value) in PLAIN:
            return repr(value)
        if id(value) not in self._tokens:
            self._alive.append(value)
            self._tokens[id(value)] = f"<{getattr(value, '__qualname__', type(value).__name__)} within itself>"
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
                known = installed(value.__name__)
                return self._foreign(value.__name__, value.__name__) if known else self._module(value, where)
            case FunctionType():
                return self._function(value, where)
            case type():
                return self._class(value, where)
            case BuiltinFunctionType():
                owner = "" if isinstance(value.__self__, ModuleType | None) else self.visit(value.__self__, where)
                return f"{value.__module__}.{value.__qualname__}{owner and f' of {owner}'}"
            case np.ndarray() | np.generic() | jax.Array() if type(value) is np.ndarray or not hasattr(value, "base"):
                return self._array(value, where)
        if type(value) in (dict, MappingProxyType):
            return f"{{{', '.join(f'{self.visit(k, where)}: {self.visit(v, where)}' for k, v in value.items())}}}"
        if type(value) in (tuple, list):
            return f"{'' if type(value) is list else 'tuple'}[{self._all(value, where)}]"
        if type(value) in (set, frozenset):
            return f"{{{', '.join(sorted(self.visit(v, where) for v in value))}}}"
        return self._object(value, where)

    def _array(self, value: Any, where: str) -> str:
        try:
            keys = isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
            array = np.asarray(jax.random.key_data(value) if keys else value)
        except Exception as error:  # a traced array, a deleted one
            raise Unfollowed(f"{where}: an array without values ({type(error).__name__})") from None
        if array.dtype.hasobject:
            return f"array({array.shape}, {self._all(array.ravel().tolist(), where)})"
        digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
        return f"array({value.dtype}, {array.shape}, {digest})"

    def _all(self, values: Any, where: str) -> str:
        return ", ".join(self.visit(v, where) for v in values)

    def _function(self, f: FunctionType, where: str) -> str:
        """A function's name with its text and what it holds; what the text names is kept."""
        name = f"{f.__module__}.{f.__qualname__}"
        held = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True))
        cells = [f"{k}={self.visit(c.cell_contents, f'{name}: {k}')}" for k, c in held.items() if _filled(c)]
        more = [f.__defaults__ or (), f.__kwdefaults__ or {}, without_prose(vars(f))]  # and what decorators wrapped
        token = f"{name}({'; '.join([*cells, self._all(more, name)])})"
        home = f.__globals__.get("__name__")  # a wrapper says that it is of the module of what it wraps
        if _opaque(home):
            return token
        if installed(home):
            return self._foreign(str(home), token)
        if generated(f):
            return token
        if f.__code__.co_filename.startswith("<") and f.__code__.co_filename.endswith("string>"):
            raise Unfollowed(f"{where}: {name} was made from a string; define it in a file or a cell")
        return token + "".join(self._keep(name, node, f.__globals__) for node in definition(f))

    def _class(self, cls: type, where: str) -> str:
        """A class's name with what it and its bases hold now; the text of its definition, and what the text names."""
        name = f"{cls.__module__}.{cls.__qualname__}"
        if _opaque(cls.__module__) or installed(cls.__module__):
            return self._foreign(cls.__module__, name)
        texts = "".join(self._keep(name, node, vars(sys.modules[cls.__module__])) for node in definition(cls))
        held = [f"{k}={self.visit(v, f'{name}.{k}')}" for k, v in attributes(cls).items()]
        return f"{name}({'; '.join(held)}; {self._all([type(cls), *cls.__bases__], name)}){texts}"

    def _keep(self, name: str, node: ast.AST, names: Mapping[str, Any]) -> str:
        """Keep the text of a definition and what its names stand for; return a mark of the text."""
        text = f"{name}: {ast.unparse(node)}"
        mark = f"#{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        self.texts.add(text)
        if readers := sorted(READERS & {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}):
            raise Unfollowed(f"{name}: reads a file with {readers[0]}; read it at module level, where its values count")
        local = imported_in(node, str(names.get("__package__") or ""))
        bound = {bound: self._bound(*what, name) for bound, what in local.items()}
        names = {**vars(builtins), **names, **bound}
        for chain in sorted(names_in(node)):
            if chain[0] not in names:
                continue  # a local name, or what the function has closed over
            value, path = names[chain[0]], chain[0]
            _refuse_hiding(value, name, path)
            for attribute in chain[1:]:
                if not isinstance(value, ModuleType) or not hasattr(value, attribute):
                    break
                _refuse_hiding(getattr(value, attribute), name, f"{path}.{attribute}")
                if installed(value.__name__):
                    break
                value, path = getattr(value, attribute), f"{path}.{attribute}"
            if value is not vars(builtins).get(path, self):
                self.names[f"{name}{mark} names {path}"] = self.visit(value, f"{name}: {path}")
        return mark

    def _bound(self, module: str, attribute: str, where: str) -> Any:
        """What an import statement within a function binds; of an installed package its name, since it may be large."""
        top = module.partition(".")[0]
        if installed(top) and top not in (*sys.stdlib_module_names, "numpy"):
            return self._foreign(module, f"{module}.{attribute}")
        try:
            found = importlib.import_module(module)
        except ImportError:  # one of two that the function tries
            return f"no {module} for {where}"
        if attribute in ("", "."):
            return found if attribute == "" else sys.modules[top]
        if hasattr(found, attribute) or attribute == "*":
            return getattr(found, attribute, found)
        return self._bound(f"{module}.{attribute}", "", where)

    def _foreign(self, module: str, name: str) -> str:
        """A name of an installed package; the package is noted, its source is not read."""
        top = module.partition(".")[0]
        if top not in sys.stdlib_module_names and top != "bestiary":
            self.packages.add(top)
        return name

    def _module(self, module: ModuleType, where: str) -> str:
        """A module that is handed on as a whole: its text, that of the modules it imports, and its values now."""
        for text in module_text(module.__name__, where):
            self.texts.add(text)
        values = {k: v for k, v in vars(module).items() if not k.startswith("__") or k == "__getattr__"}
        return f"{module.__name__}({self.visit(values, where)})"

    def _object(self, value: Any, where: str) -> str:
        """Any other object: its class, and all that it holds."""
        kind = self.visit(type(value), where)
        try:
            held = foreign_content(value) if installed(type(value).__module__) else content(value)
        except TypeError:
            raise Unfollowed(f"{where}: an object of type {type(value).__qualname__} cannot be followed") from None
        return f"{kind}({self._all(held, where)})"


def _refuse_hiding(value: Any, name: str, path: str) -> None:
    if any(value is one for one in HIDING):
        raise Unfollowed(
            f"{name}: reads {path}, which no source shows; what is read at module level counts by its value"
        )


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a name that is not bound yet
        return False


def _opaque(module: str | None) -> bool:
    return module in OPAQUE


@cache
def _homes() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    return tuple(Path(paths[k]).resolve() for k in ("stdlib", "platstdlib", "purelib", "platlib"))


@cache
def installed(module: str | None) -> bool:
    """Whether a module is Python's own or of an installed package that is not bestiary."""
    top = (module or "").partition(".")[0]
    if top in ("", "bestiary", "__main__"):
        return False
    if top in sys.stdlib_module_names or top in sys.builtin_module_names or top.startswith("_cython_"):
        return True
    loaded = sys.modules.get(top)
    spec = getattr(loaded, "__spec__", None) or (None if loaded else find_spec(top))
    places = [spec.origin] if spec and spec.origin else list(getattr(spec, "submodule_search_locations", None) or ())
    return any(home in Path(place).resolve().parents for place in places for home in _homes())
