"""BibTeX of the works that the catalog cites. The library that reads it is imported when it is needed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bestiary.catalog.mistakes import nearest
from bestiary.files import locate
from bestiary.version import __version__

if TYPE_CHECKING:
    from bibtexparser.model import Entry


def path() -> Path:
    """Return the path of the bibliography that came with the package."""
    return locate("references.bib")


@cache
def references(file: Path | None = None) -> dict[str, Entry]:
    """Read all works of a bibliography, by key.

    Raises:
        ValueError: a block of the file is not BibTeX, or a key occurs twice.
    """
    from bibtexparser.entrypoint import parse_string

    file = file or path()
    library = parse_string(file.read_text("utf-8"))
    if library.failed_blocks:
        bad = library.failed_blocks[0]
        raise ValueError(f"{file.name}:{(bad.start_line or 0) + 1}: {bad.error}")
    return dict(library.entries_dict)


def bibtex(keys: Iterable[str], file: Path | None = None) -> str:
    """Write the BibTeX entries of these keys, each once, in the order given.

    Raises:
        ValueError: the bibliography has no such key.
    """
    from bibtexparser.entrypoint import write_string
    from bibtexparser.library import Library
    from bibtexparser.writer import BibtexFormat

    known = references(file)
    keys = list(dict.fromkeys(keys))
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise ValueError("\n".join(f"no {key!r} in references.bib{nearest(key, known)}" for key in unknown))
    form = BibtexFormat()
    form.indent, form.block_separator, form.trailing_comma = "  ", "\n", True
    return write_string(Library([known[key] for key in keys]), bibtex_format=form)


def own() -> str:
    """Write the BibTeX entry of bestiary itself, of the version that is installed."""
    return (
        "@software{bestiary,\n"
        "  author = {{The bestiary authors}},\n"
        "  title = {bestiary: a catalog of training-dynamics phenomena},\n"
        f"  version = {{{__version__}}},\n"
        f"  year = {{{__version__.partition('.')[0]}}},\n"
        "}\n"
    )
