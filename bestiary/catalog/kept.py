"""What reading a catalog has found, kept as JSON in the cache folder.

    catalogs/ADDRESS.json     a line with the digest of what follows; the data

An address hashes all that decides the data, the code that makes them included, so that nothing else is ever found
under it. JSON holds data and nothing that runs. A file that is damaged, or that another user wrote, or that is none of
ours is not used. Where nothing can be kept nothing is said, and the work is done each time.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bestiary import files
from bestiary.cache import CATALOGS, cache_dir, mark_used, sweep_catalogs
from bestiary.catalog.limits import DEPTH

MOST = 2**23  # [byte] that are kept: a text to which aliases lead is written each time that it stands there


def address(parts: Iterable[bytes]) -> str:
    """Return the address of what these parts decide; their order counts."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


@cache
def code(*modules: str) -> bytes:
    """Return a digest of the text of modules, none of which is imported.

    Args:
        modules: dotted names; for a package that text is its `__init__`, and its `version` where it has one.

    Raises:
        OSError: the text of one is not to be had.
    """
    digests = []
    for name in modules:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise FileNotFoundError(name)
        path = Path(spec.origin)
        version = path.with_name("version.py")
        both = path.read_bytes() + (version.read_bytes() if path.stem == "__init__" and version.is_file() else b"")
        digests.append(hashlib.sha256(both).digest())
    return b"".join(digests)


def get(address: str) -> dict[str, Any] | None:
    """Return what is kept under an address, lists as tuples; None if nothing is, or nothing that can be used."""
    try:
        path = _path(address)
        head, _, body = _own(path).partition(b"\n")
        data = _with_tuples(json.loads(body)) if head == _digest(body) else None
    except (OSError, ValueError, RecursionError):
        return None
    mark_used(path)
    return data if isinstance(data, dict) else None


def put(address: str, data: dict[str, Any]) -> None:
    """Keep data under their address; nothing happens where they cannot be kept, or are too large.

    Args:
        address: see `address`.
        data: mappings, tuples, texts, numbers and booleans.
    """
    if _length(data) > MOST:
        return
    body = json.dumps(data, separators=(",", ":")).encode()
    if len(body) > MOST:
        return
    with suppress(OSError):  # a folder that may only be read, a full disk
        path = _path(address)
        path.parent.mkdir(parents=True, exist_ok=True)
        files.replace_with(path, _digest(body) + b"\n" + body)
        sweep_catalogs(path.parent.parent)


def _path(address: str) -> Path:
    """Where something is kept.

    Raises:
        OSError: there is no place for it.
    """
    folder = cache_dir()
    if folder.parts[:1] == ("~",):
        raise FileNotFoundError("a user without a home")
    return folder / CATALOGS / f"{address}.json"


def _own(path: Path) -> bytes:
    """The content of a file.

    Raises:
        OSError: it is not there, no file, a link, or another user's.
    """
    flags = ("O_RDONLY", "O_BINARY", "O_NOFOLLOW", "O_NONBLOCK")  # a pipe would let us wait; not all systems have all
    number = os.open(path, sum(getattr(os, name, 0) for name in flags))
    try:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            raise OSError("no file")
        if hasattr(os, "geteuid") and found.st_uid not in (0, os.geteuid()):
            raise OSError("another user's")
        with open(number, "rb", closefd=False) as file:
            return file.read(MOST + 100)
    finally:
        os.close(number)


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _with_tuples(part: Any, depth: int = 0) -> Any:
    """The data with tuples for lists.

    Raises:
        ValueError: they are nested more deeply than any that are kept.
    """
    if depth > DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(part, dict):
        return {key: _with_tuples(value, depth + 1) for key, value in part.items()}
    return tuple([_with_tuples(value, depth + 1) for value in part]) if isinstance(part, list) else part


def _length(part: Any) -> int:
    """About as many characters as the data take when they are written."""
    if isinstance(part, dict):
        return sum(len(key) + 6 + _length(value) for key, value in part.items())
    return sum(map(_length, part)) + 2 if isinstance(part, tuple) else len(part) if isinstance(part, str) else 8
