"""Mistakes in a file, each with its line and column; whoever finds one says it by `Source.mistake`.

Standard library only: what has no mistake is read without a parser of YAML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from bestiary.one_line import shortened

LISTED = 100  # [mistake] that are told one by one

Path_ = tuple[str | int, ...]  # ("grokking", "cases", "grokking", "claims", 0, "rate")
Place = tuple[int, int]  # line and column, both from 1


class Mistake(NamedTuple):
    """One mistake: where it is in the file, which field, and what is wrong."""

    file: str
    place: Place | None
    path: Path_
    text: str

    def __str__(self) -> str:
        where = ":".join([self.file, *map(str, self.place or ())])
        return shortened(": ".join(part for part in (where, dotted(self.path), self.text) if part))


class CatalogError(ValueError):
    """All the mistakes that one reading found, a line each, in the order of the file; of very many the first."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        unique = dict.fromkeys(mistakes)
        self.mistakes = tuple(sorted(unique, key=lambda m: m.place or (0, 0)))
        more = len(self.mistakes) - LISTED
        rest = [f"{self.mistakes[0].file}: {more:,} more mistakes"] if more > 0 else []
        super().__init__("\n".join([*map(str, self.mistakes[:LISTED]), *rest]))


class Places(NamedTuple):
    """Where each key and each value of a file stands; nothing of a file that nobody has parsed."""

    keys: dict[Path_, Place]
    values: dict[Path_, Place]


def _nowhere() -> Places:
    return Places({}, {})


@dataclass(frozen=True)
class Source:
    """A file, and where everything in it stands. Any two are equal: entries compare by content.

    Attributes:
        name: of the file.
        find: returns the places; asked once, by the first mistake.
    """

    name: str = field(compare=False)
    find: Callable[[], Places] = field(compare=False, repr=False, default=_nowhere)

    @cached_property
    def places(self) -> Places:
        """Return where everything stands.

        Raises:
            CatalogError: the text is no YAML.
        """
        return self.find()

    def mistake(self, path: Path_, text: str, *, key: bool = False) -> Mistake:
        """Place a mistake at a value, or at its key; at the nearest enclosing place if the path is not in the file."""
        keys, values = self.places
        for length in range(len(path), 0, -1):
            head = path[:length]
            at_key = key or length < len(path)
            for places in (keys, values) if at_key else (values, keys):
                if head in places:
                    return Mistake(self.name, places[head], path, text)
        return Mistake(self.name, (1, 1) if values else None, path, text)


def nearest(name: object, names: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the name closest to a misspelt one, or nothing."""
    import difflib  # what is spelt right needs none of it

    close = difflib.get_close_matches(str(name), list(names), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def dotted(path: Path_) -> str:
    """Write a path as a person does: grokking.cases.grokking.claims[0].rate."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def kind(value: object) -> str:
    """Return what a person would call this piece of YAML."""
    return {dict: "a mapping", tuple: "a list", str: "text", bool: "a boolean"}.get(type(value), "a number")
