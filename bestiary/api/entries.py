"""The entries of the catalog by key, and how one is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bestiary.catalog.choose import select
from bestiary.catalog.entries import Entry
from bestiary.catalog.read import read_catalog

if TYPE_CHECKING:
    from bestiary.api.entry import CatalogEntry


def load(key: str, *, cache: str | Path | None = None, keep: bool = True) -> CatalogEntry:
    """Load an entry of the catalog, ready to run; JAX is imported here.

    Args:
        key: the entry's key; `bestiary.entries` lists them.
        cache: folder for runs and compiled programs; default: that of `bestiary cache`.
        keep: whether runs are kept, and taken from those that are.

    Returns:
        The entry, with `run`, `detect`, `replace`, `map`, `check`, `cite`.

    Raises:
        ValueError: there is no such entry, or its setup needs an extra that is not installed; in one line.

    Examples:
        >>> import bestiary
        >>> bestiary.load("period_doubling").catalog.kind
        'instability'
    """
    from bestiary.api.entry import CatalogEntry

    return CatalogEntry(read_catalog(keys=[key])[key], cache=cache, keep=keep)


class Entries(Mapping[str, "CatalogEntry"]):
    """All entries of the catalog: `bestiary.entries["grokking"]` loads one, printing lists them.

    Examples:
        >>> import bestiary
        >>> "grokking" in bestiary.entries, len(bestiary.entries) >= 30
        (True, True)
    """

    @cached_property
    def _blocks(self) -> dict[str, Entry]:
        return read_catalog()

    def __getitem__(self, key: str) -> CatalogEntry:
        if key not in self._blocks:
            select(self._blocks, [key])  # says which key was meant
        return load(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the entry of that key, or the default; Mapping's own would pass the ValueError on."""
        return self[key] if key in self else default

    def __contains__(self, key: object) -> bool:
        return key in self._blocks

    def __iter__(self) -> Iterator[str]:
        return iter(self._blocks)

    def __len__(self) -> int:
        return len(self._blocks)

    def to_frame(self) -> pd.DataFrame:
        """Return a row per entry: zone, kind, particle, status, title."""
        rows = {
            key: {
                "zone": e.zone,
                "kind": e.kind,
                "particle": ", ".join(e.particle),
                "status": e.status,
                "title": e.title,
            }
            for key, e in self._blocks.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("entry")

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._blocks)

    def __repr__(self) -> str:
        return self.to_frame().to_string()

    def _repr_html_(self) -> str:
        return self.to_frame().to_html()


entries = Entries()
