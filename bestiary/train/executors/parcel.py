"""A setup on its way to a worker.

What is installed there goes by name; functions and classes of a notebook, a script or a module beside it go by value.
What goes by name is hashed by its source at both ends, so that a worker with other source is found out.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from hashlib import sha256
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import cloudpickle

from bestiary.entry import Phenomenon
from bestiary.log import Finding, Log, State
from bestiary.train.executors.protocol import ExecutorError
from bestiary.train.jobs import of_every_run
from bestiary.train.source.parsed import Unfollowed
from bestiary.train.source.walk import installed, source_of

OF_PYTHON = ("__main__", "bestiary")  # the first goes by value anyhow, the second by name


class Parcel(NamedTuple):
    """A setup as bytes.

    Attributes:
        parts: the fields of the phenomenon, pickled.
        named: the functions and classes of bestiary that they name, pickled by name.
        code: hash of the source of these, and of the trainer; empty if it cannot be followed.
    """

    parts: bytes
    named: bytes
    code: str

    @property
    def digest(self) -> str:
        """Hash of the content."""
        return sha256(self.parts + self.named + self.code.encode()).hexdigest()[:32]


def pack(name: str, p: Phenomenon) -> Parcel:
    """Pack a setup, without its detector, which trains nothing.

    Args:
        name: of the setup, for errors.
        p: the setup.

    Raises:
        ExecutorError: something in it cannot be sent; in one line.
    """
    parts = {field.name: getattr(p, field.name) for field in fields(p)} | {"detect": undetected}
    buffer, named = io.BytesIO(), dict[Any, None]()
    try:
        with _by_value() as by_value:
            _Packer(buffer, named, by_value).dump(parts)
    except Exception as error:  # whatever an object raises that does not want to be pickled
        why = (str(error) or type(error).__name__).splitlines()[0]
        raise ExecutorError(f"{name or 'the setup'}: cannot be sent to a worker ({why})") from error
    return Parcel(buffer.getvalue(), pickle.dumps(list(named)), _code(list(named)))


def unpack(parcel: Parcel) -> tuple[Phenomenon, str]:
    """Unpack a setup; return it with the hash of what this machine has under the names it goes by.

    Raises:
        ImportError, AttributeError: this machine lacks a module or a name.
    """
    return Phenomenon(**pickle.loads(parcel.parts)), _code(pickle.loads(parcel.named))


def undetected(log: Log) -> Finding:
    """Say that nobody is asked on a worker."""
    return Finding(State.UNDECIDED, "detectors are asked where the runs come home")


def _code(named: list[Any]) -> str:
    try:
        return source_of(of_every_run() | {"named": named}).code
    except Unfollowed:
        return ""


class _Packer(cloudpickle.Pickler):
    """Sends by value what is of no installed package, and notes what it sends of bestiary by name."""

    def __init__(self, file: io.BytesIO, named: dict[Any, None], by_value: set[ModuleType]) -> None:
        super().__init__(file)
        self._named, self._by_value = named, by_value

    def reducer_override(self, obj: Any) -> Any:
        """Pickle an object; NotImplemented lets it go by name, or as `pickle` would have it."""
        if not isinstance(obj, FunctionType | type):
            return super().reducer_override(obj)
        top = str(getattr(obj, "__module__", None) or "").partition(".")[0]
        module = sys.modules.get(top)
        if module is not None and module not in self._by_value and not (installed(top) or top in OF_PYTHON):
            cloudpickle.register_pickle_by_value(module)
            self._by_value.add(module)
        made = super().reducer_override(obj)
        if top == "bestiary" and made is NotImplemented:
            self._named[obj] = None
        return made


@contextmanager
def _by_value() -> Iterator[set[ModuleType]]:
    """Yield the set of modules that are registered to go by value; they are not afterwards."""
    modules: set[ModuleType] = set()
    known = set(cloudpickle.list_registry_pickle_by_value())
    try:
        yield modules
    finally:
        for module in modules:
            if module.__name__ not in known:
                cloudpickle.unregister_pickle_by_value(module)
