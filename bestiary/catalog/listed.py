"""The entries of a catalog as a list has them: read without models, once the catalog was found right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bestiary.catalog import right
from bestiary.catalog.parsed import load
from bestiary.catalog.words import zone_of


class Listed(NamedTuple):
    """What a list says of an entry; the names are those of `bestiary.catalog.entries.Entry`."""

    key: str
    title: str
    kind: str
    particle: tuple[str, ...]
    status: str
    version: int
    network: int
    data: int
    references: tuple[str, ...]

    @classmethod
    def of(cls, key: str, block: Mapping[str, Any]) -> Listed:
        """Take what a list says from a block of the catalog.

        Raises:
            KeyError, TypeError: the block is none of a right catalog.
        """
        grades = block["complexity"]["network"], block["complexity"]["data"]
        text = (block["title"], block["kind"], block["particle"], block["status"], block["version"])
        return cls(key, *text, *grades, block.get("references", ()))

    @property
    def draft(self) -> bool:
        """Return whether the entry is under work."""
        return self.status == "draft"

    @property
    def zone(self) -> int:
        """Return the zone that follows from the grades."""
        return zone_of(self.network, self.data)


def listed(file: Path | None = None) -> dict[str, Listed]:
    """Read what a list says of all entries of a catalog, by key.

    Raises:
        CatalogError: with every mistake in the file, each with its line and column.
    """
    document = load(file)
    if right.is_noted(document):
        try:
            return {key: Listed.of(key, block) for key, block in document.data.items()}
        except (KeyError, TypeError):  # what was kept is not what the file says
            pass
    from bestiary.catalog.read import read  # and with it pydantic

    return {key: Listed.of(key, entry.model_dump()) for key, entry in read(document).items()}
