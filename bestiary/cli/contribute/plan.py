"""What a new entry or detector writes: all of it made and checked before anything is written, all of it or nothing."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bestiary.cli.contribute import block as blocks
from bestiary.cli.contribute import detector_template, placed, template
from bestiary.files import replace_with

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry

KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class Writing(NamedTuple):
    """A file that is written, and what it held before; None if it was not there."""

    path: Path
    content: bytes
    before: bytes | None


def check_key(key: str, folder: Path, known: Sequence[str] = ()) -> None:
    """Check that a key is free, and may name a module.

    Args:
        key: of the entry or detector.
        folder: phenomena/ or detectors/.
        known: keys that the catalog has.

    Raises:
        ValueError: in one line.
    """
    if not KEY.fullmatch(key) or keyword.iskeyword(key):
        why = "is a word of Python" if keyword.iskeyword(key) else "is not in snake_case"
        raise ValueError(f"{key} {why}; want small letters, digits and _, as in delayed_drop")
    if (folder / f"{key}.py").exists():
        raise ValueError(f"{folder.name}/{key}.py is there already; take another key, or edit the file")
    if key in known:
        raise ValueError(
            f"catalog.yaml has a block {key} already; take another key, or add {folder.name}/{key}.py to it"
        )


def entry(root: Path, key: str, like: Entry | None, today: date) -> list[Writing]:
    """Make the files of a new entry: its phenomenon, catalog.yaml and references.bib.

    Args:
        root: of the checkout.
        key: of the entry.
        like: an entry whose setup, grades and cases are copied.
        today: the day on which it is added.

    Raises:
        ValueError: the key is taken, or the block has no place in catalog.yaml; in one line.
        CatalogError: catalog.yaml has a mistake already.
        OSError: a file of the checkout cannot be read.
    """
    from bestiary.catalog.cite import references
    from bestiary.catalog.read import read_catalog

    catalog, bibliography = root / "catalog.yaml", root / "references.bib"
    check_key(key, root / "phenomena", list(read_catalog(catalog)))
    work = blocks.work_of(key, today.year)
    if work in references(bibliography):
        raise ValueError(f"references.bib has {work}, the stub of an entry, already; name it after its work first")
    before, works = catalog.read_bytes(), bibliography.read_bytes()
    text = placed.in_catalog(before.decode(), key, blocks.block(key, work, today, like))
    _check_placed(before.decode(), text, key)
    stubbed = placed.in_references(works.decode(), work, blocks.stub(work, key, today.year))
    return [
        Writing(root / "phenomena" / f"{key}.py", phenomenon(root, like).encode(), None),
        Writing(catalog, text.encode(), before),
        Writing(bibliography, stubbed.encode(), works),
    ]


def phenomenon(root: Path, like: Entry | None) -> str:
    """Return the text of a new phenomenon: the template's, or a copy of an entry's under a docstring to be filled."""
    if like is None:
        return template.DOCSTRING.format(begun="") + template.SETUP
    text = (root / "phenomena" / f"{like.key}.py").read_text("utf-8")
    first = ast.parse(text).body[0]
    rest = "".join(text.splitlines(keepends=True)[first.end_lineno if _is_text(first) else 0 :])
    return template.DOCSTRING.format(begun=f" TODO Begun as a copy of {like.key}.") + rest


def detector(root: Path, name: str) -> list[Writing]:
    """Make the file of a new detector.

    Raises:
        ValueError: the name is taken; in one line.
    """
    check_key(name, root / "detectors")
    return [Writing(root / "detectors" / f"{name}.py", detector_template.text(name).encode(), None)]


def write(files: Sequence[Writing]) -> None:
    """Write all files, or none: what was written before one that cannot be is undone.

    Raises:
        OSError: a file cannot be written, or was changed or made by somebody else meanwhile.
    """
    done: list[Writing] = []
    try:
        for one in files:
            if one.before is None:
                with one.path.open("xb") as file:  # never over a file that somebody made meanwhile
                    done.append(one)
                    file.write(one.content)
                continue
            if one.path.read_bytes() != one.before:
                raise OSError(0, "was changed meanwhile", str(one.path))
            done.append(one)
            replace_with(one.path, one.content)
    except BaseException:  # an interrupt, too, leaves nothing half-written
        for one in reversed(done):
            with suppress(OSError):
                one.path.unlink() if one.before is None else replace_with(one.path, one.before)
        raise


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _check_placed(before: str, after: str, key: str) -> None:
    """Check that a catalog has one block more and is else what it was.

    Raises:
        ValueError: it is not; in one line.
    """
    from bestiary.catalog.yaml_source import parse

    old, new = (parse(text.encode(), "catalog.yaml")[0] for text in (before, after))
    if list(new) != sorted([*old, key]) or {k: v for k, v in new.items() if k != key} != old:
        raise ValueError(f"catalog.yaml: no place for {key} was found; want one block per entry, sorted by key")
