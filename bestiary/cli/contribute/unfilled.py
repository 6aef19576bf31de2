"""What is still to be filled in of what `bestiary new` wrote: the lines that are marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bestiary.catalog.drafts import TODO

if TYPE_CHECKING:
    from bestiary.cli.contribute.plan import Writing


def unfilled(written: Writing) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each line that was written with a mark."""
    known = set((written.before or b"").decode().splitlines())
    for number, line in enumerate(written.content.decode().splitlines(), 1):
        if TODO in line and line not in known:
            yield number, line.strip()


def marked(text: str, first: int = 1) -> list[tuple[int, str]]:
    """List the number and the text of each line that is marked.

    Args:
        text: of a file, or of a part of it.
        first: number of its first line.
    """
    return [(first + i, line.strip()) for i, line in enumerate(text.splitlines()) if TODO in line]
