"""Choose blocks of a catalog by key; a key that is not there is told with the nearest."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeVar

from bestiary.catalog.mistakes import CatalogError, Mistake, nearest
from bestiary.files import modules

NO_BLOCK = "; its file is in phenomena/, so it can be run; add a block, with `status: draft` for the time being"

Block = TypeVar("Block")


def select(entries: dict[str, Block], keys: Iterable[str]) -> dict[str, Block]:
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


def unlisted(entries: Collection[str]) -> list[str]:
    """Name the files in phenomena/ that have no block in a catalog, in alphabetical order.

    Args:
        entries: keys of the catalog.
    """
    return sorted(modules("phenomena") - set(entries))
