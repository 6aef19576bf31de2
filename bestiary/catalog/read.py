"""Read and validate the claims of catalog.yaml; a mistake is named with its line and column.

Reading needs neither JAX nor a phenomenon: whether an entry or a detector exists is a
question about file names. What only the setup knows, its knobs and its static values, is checked
by `check_against` once the setup has been imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from bestiary.catalog import checks, cite
from bestiary.catalog.entries import CATALOG, Entry
from bestiary.catalog.yaml_source import CatalogError, Mistake, load, nearest
from bestiary.files import locate, modules

if TYPE_CHECKING:
    from bestiary.entry import Phenomenon


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
    mistakes += checks.consistency(data, source, modules("phenomena"), modules("detectors"), cite.references())
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


def check_against(entry: Entry, phenomenon: Phenomenon) -> None:
    """Check that the setup has the knobs and the static values that the entry's cases override.

    Raises:
        CatalogError: with every override that it has not, each with its line and column.
    """
    mistakes = list(checks.fit(entry, entry._source, phenomenon))
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
        raise CatalogError(Mistake("catalog.yaml", None, (), f"no entry {k!r}{nearest(k, entries)}") for k in unknown)
    return {key: entries[key] for key in keys}
