"""A file of YAML as plain data: what was kept of its parse, or a parse that is kept for the next reading."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from bestiary.catalog import kept
from bestiary.catalog.limits import SIZE
from bestiary.catalog.mistakes import CatalogError, Mistake, Places, Source
from bestiary.files import locate
from bestiary.special_files import DESCRIPTOR
from bestiary.special_files import kind as special_kind

LEAST = 20_000  # [byte] of a file whose parse is kept: a smaller one is parsed as soon as that would be written
PARSER = ("bestiary.catalog.limits", "bestiary.catalog.parsed", "bestiary.catalog.yaml_source", "ruamel.yaml")


class Document(NamedTuple):
    """What a file holds.

    Attributes:
        data: mappings as dicts, lists as tuples; text, numbers and booleans.
        source: the file, and where everything in it stands.
        mistakes: those that did not prevent reading.
        raw: the bytes that were read.
        kept: whether the data are those of an earlier parse of the very same bytes.
    """

    data: dict[str, Any]
    source: Source
    mistakes: list[Mistake]
    raw: bytes
    kept: bool


def catalog_path() -> Path:
    """Return the path of the catalog that came with the package."""
    return locate("catalog.yaml")


def load(file: Path | None = None) -> Document:
    """Read a file whose top level is a mapping.

    Args:
        file: of YAML; default: the catalog that came with the package.

    Raises:
        CatalogError: there is no such file, it is not UTF-8, not YAML, empty, or not a mapping.
    """
    file = file or catalog_path()
    raw = _content(file)
    if len(raw) >= LEAST:
        with suppress(OSError):  # the parser's code is not to be had
            if (data := kept.get(_address(raw))) is not None:
                return Document(data, Source(file.name, partial(_places, raw, file.name)), [], raw, kept=True)
    return parse(raw, file.name)


def parse(raw: bytes, name: str) -> Document:
    """Parse what a file holds, and keep that for the next reading if there is no mistake.

    Args:
        raw: content of the file.
        name: of the file, for mistakes.

    Raises:
        CatalogError: it is not UTF-8, not YAML, empty, or not a mapping.
    """
    from bestiary.catalog import yaml_source  # and with it the parser

    data, source, mistakes = yaml_source.parse(raw, name)
    if not mistakes and len(raw) >= LEAST:
        with suppress(OSError):
            kept.put(_address(raw), data)
    return Document(data, source, mistakes, raw, kept=False)


def _address(raw: bytes) -> str:
    return kept.address([raw, kept.code(*PARSER)])


def _content(file: Path) -> bytes:
    """The bytes of a file that is not too large."""

    def refuse(text: str) -> CatalogError:
        return CatalogError([Mistake(file.name, None, (), text)])

    if (what := special_kind(file)) and not DESCRIPTOR.fullmatch(str(file)):
        raise refuse(f"is {what}, no file; want a file of YAML")
    try:
        with file.open("rb") as opened:
            raw = opened.read(SIZE + 1)
    except FileNotFoundError:
        raise refuse(f"no such file in {file.parent}") from None
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror}") from None
    if len(raw) > SIZE:
        raise refuse(f"is larger than {SIZE >> 20} MiB; a catalog has a few kilobytes for each entry")
    return raw


def _places(raw: bytes, name: str) -> Places:
    """Where everything stands in a file whose parse was kept, for a mistake that is found later."""
    from bestiary.catalog import yaml_source

    return yaml_source.parse(raw, name)[1].places
