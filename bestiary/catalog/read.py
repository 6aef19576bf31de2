"""Read and validate the claims of catalog.yaml; a mistake is named with its line and column.

Reading needs neither JAX nor a phenomenon: whether an entry or a detector exists is a question about file names, and
what only the setup knows, its knobs and its static values, is read by `check_text` from the text of the setup's file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from bestiary.catalog import checks, cite, fitting
from bestiary.catalog.entries import CATALOG, Entry
from bestiary.catalog.questions import questions
from bestiary.catalog.setups.knobs import knobs_of
from bestiary.catalog.setups.outcomes import outcomes_of
from bestiary.catalog.values import declared
from bestiary.catalog.yaml_source import CatalogError, Mistake, load, nearest
from bestiary.files import locate, modules

if TYPE_CHECKING:
    from bestiary.entry import Phenomenon


NO_BLOCK = "; its file is in phenomena/, so it can be run; add a block, with `status: draft` for the time being"


def catalog_path() -> Path:
    """Return the path of the catalog that came with the package."""
    return locate("catalog.yaml")


def read_catalog(file: Path | None = None) -> dict[str, Entry]:
    """Read all entries of a catalog, by key.

    Raises:
        CatalogError: with every mistake in the file, each with its line and column.
    """
    data, source, mistakes = load(file or catalog_path())
    reported = {mistake.path for mistake in mistakes}
    entries: dict[str, Entry] = {}
    try:
        entries = CATALOG.validate_python(data)
    except ValidationError as error:
        mistakes += [m for m in checks.form(error, source) if m.path not in reported]
    there = modules("phenomena"), modules("detectors"), cite.references(), questions()
    mistakes += checks.consistency(data, source, *there)
    if mistakes:
        raise CatalogError(mistakes)
    for key, entry in entries.items():
        entry._key, entry._source = key, source
        for name, case in entry.cases.items():
            case._name = name
        for named in (entry.laws, entry.boundaries, entry.paths):
            for name, block in named.items():
                block._name = name
    return entries


def unlisted(entries: Collection[str]) -> list[str]:
    """Name the files in phenomena/ that have no block in a catalog, in alphabetical order.

    Args:
        entries: keys of the catalog.
    """
    return sorted(modules("phenomena") - set(entries))


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


def select(entries: dict[str, Entry], keys: Iterable[str]) -> dict[str, Entry]:
    """Select the entries of these keys, in their order; all entries if no key is given.

    Raises:
        CatalogError: the catalog has no such entry.
    """
    keys = list(keys) or list(entries)
    unknown = [k for k in keys if k not in entries]
    if unknown:
        there = unlisted(entries)
        raise CatalogError(
            Mistake("catalog.yaml", None, (), f"no entry {k!r}{NO_BLOCK if k in there else nearest(k, entries)}")
            for k in unknown
        )
    return {key: entries[key] for key in keys}
