"""Read and validate the claims of catalog.yaml; a mistake is named with its line and column.

Reading needs neither JAX nor a phenomenon: whether an entry or a detector exists is a question about file names, and
what only the setup knows, its knobs and its static values, is read by `check_text` from the text of the setup's file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from bestiary.catalog import checks, cite, fitting, right
from bestiary.catalog.choose import select
from bestiary.catalog.entries import CATALOG, Entry
from bestiary.catalog.mistakes import CatalogError, Source
from bestiary.catalog.parsed import Document, load, parse
from bestiary.catalog.questions import questions
from bestiary.catalog.setups.knobs import knobs_of
from bestiary.catalog.setups.outcomes import outcomes_of
from bestiary.catalog.values import declared
from bestiary.files import modules

if TYPE_CHECKING:
    from bestiary.entry import Phenomenon


def read_catalog(file: Path | None = None, keys: Iterable[str] = ()) -> dict[str, Entry]:
    """Read entries of a catalog, by key: those that are asked for, in their order, or all.

    Args:
        file: default: the catalog that came with the package.
        keys: of entries; all if none is given.

    Raises:
        CatalogError: with every mistake in the file, each with its line and column; or it has no such entry.
    """
    return read(load(file), keys)


def read(document: Document, keys: Iterable[str] = ()) -> dict[str, Entry]:
    """Read entries from what a file holds; see `read_catalog`.

    Of a catalog that was found right before, no more is validated than what is asked for. A mistake is always told of a
    fresh parse.
    """
    keys = tuple(keys)
    if right.is_noted(document):
        chosen = select(document.data, keys)
        try:
            return _entries(chosen, document.source)
        except ValidationError:  # what was kept is not what the file says
            document = parse(document.raw, document.source.name)
    try:
        entries = _checked(document)
    except CatalogError:
        if not document.kept:
            raise
        entries = _checked(parse(document.raw, document.source.name))
    right.note(document)
    return select(entries, keys)


def _entries(data: dict[str, Any], source: Source) -> dict[str, Entry]:
    """Make entries of blocks.

    Raises:
        ValidationError: a block has not the form of one.
    """
    entries = CATALOG.validate_python(data)
    for key, entry in entries.items():
        entry._key, entry._source = key, source
        for name, case in entry.cases.items():
            case._name = name
        for named in (entry.laws, entry.boundaries, entry.paths, entry.interactions):
            for name, block in named.items():
                block._name = name
    return entries


def _checked(document: Document) -> dict[str, Entry]:
    """Make entries of all blocks of a document, each checked by itself and among the others.

    Raises:
        CatalogError: with every mistake in it.
    """
    data, source, mistakes = document.data, document.source, [*document.mistakes]
    reported = {mistake.path for mistake in mistakes}
    entries: dict[str, Entry] = {}
    try:
        entries = _entries(data, source)
    except ValidationError as error:
        mistakes += [m for m in checks.form(error, source) if m.path not in reported]
    there = modules("phenomena"), modules("detectors"), cite.references(), questions()
    mistakes += checks.consistency(data, source, *there)
    if mistakes:
        raise CatalogError(mistakes)
    return entries


def check_text(entries: Iterable[Entry]) -> None:
    """Check entries against the text of their setups' files, none of which is imported.

    Raises:
        CatalogError: with every override that a setup does not have or refuses, each with its line and column; a
            detector that is not the one that the setup calls; a name that no finding of the entry has.
        ValueError: a file cannot be read for its knobs; in one line.
    """
    mistakes = []
    for entry in entries:
        mistakes += fitting.fit(entry, entry._source, knobs_of(entry.key))
        mistakes += fitting.names(entry, entry._source, outcomes_of(entry.key))
    if mistakes:
        raise CatalogError(mistakes)


def check_against(entry: Entry, phenomenon: Phenomenon) -> None:
    """Check that a setup in memory has the values that the entry's cases, axes and paths override.

    Raises:
        CatalogError: with every override that it does not have or refuses, each with its line and column.
    """
    mistakes = list(fitting.fit(entry, entry._source, declared(phenomenon.knobs, phenomenon.static)))
    if mistakes:
        raise CatalogError(mistakes)
