"""The text that decides an entry's runs and verdicts, by file, in any folder that is laid out as a checkout.

Coarser than `bestiary.train.source.walk`, since it takes a module as a whole, and never finer: nothing is imported, so
that two revisions can be compared.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from bestiary.train.source.imports import imported_names
from bestiary.train.source.parsed import bare_text

EVERY = ("bestiary.train.trainer", "bestiary.train.layout", "bestiary.train.jobs")  # which decide every run
OPAQUE = ("bestiary.about", "bestiary.log", "bestiary.notebook")  # what is said of runs decides none


def pieces(root: Path, key: str) -> dict[str, str]:
    """Return the text, bare of prose, of all files that an entry's setup and the trainer lead to.

    Args:
        root: of the checkout.
        key: of the entry.

    Returns:
        {path from the root: text}; without the entry's own file if that is not there.
    """
    return _led_to(root, (f"bestiary.phenomena.{key}", *EVERY))


def changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """List the files whose text differs, those that are there on one side only included."""
    return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))


def bare(path: Path) -> str:
    """Return the text of a file, bare of prose."""
    return bare_text(ast.parse(path.read_text("utf-8")))


def _led_to(root: Path, first: Iterable[str]) -> dict[str, str]:
    left, seen, texts = list(first), set[str](), dict[str, str]()
    while left:
        module = left.pop()
        if module in seen or module in OPAQUE:
            continue
        seen.add(module)
        if (path := _file(root, module)) is not None:
            texts[path.relative_to(root).as_posix()], imported = _read(path, path.stat().st_mtime_ns, module)
            left += imported
    return texts


@cache
def _read(path: Path, changed_at: int, module: str) -> tuple[str, tuple[str, ...]]:
    """The bare text of a module, and what it may import of bestiary."""
    text = path.read_text("utf-8")
    try:
        tree = ast.parse(text)
    except SyntaxError:  # half of an edit: another text than before, and nobody knows where it leads
        return text, ()
    imported = tuple(sorted(name for name in imported_names(tree, module) if name.startswith("bestiary.")))
    return bare_text(tree), imported


def _file(root: Path, module: str) -> Path | None:
    """The file of a module; None for a package, for a name within a module, and for what is not there."""
    _, *parts = module.split(".")
    base = root if parts and parts[0] in ("phenomena", "detectors") else root / "bestiary"
    path = base.joinpath(*parts).with_suffix(".py")
    return path if parts and path.is_file() else None
