"""What every reader of logs returns: runs as columns of numbers, blank cells left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from bestiary.one_line import shortened

BLANK = frozenset(
    {"", "-", "null", "none", "na", "n/a", "<na>", "no log"}
)  # not logged; `nan` was logged, and is a number
MIXED = 0.01  # [1] largest share of cells that are words in a column of numbers
VOCABULARY = 10_000  # [word] a text column with more is prose, and not kept
WORD = 1000  # [character] of a word that are kept and told apart
OF_MANY = re.compile(r"(\d{1,15}) ?/ ?\d{1,15}")  # `10/438`, the tenth of 438
DEPTH = 32  # [level] of nested names; what is nested deeper is no metric


Cells = Sequence[Any] | np.ndarray


class Unreadable(ValueError):
    """One line: which file, where, what is wrong, what to do."""

    def __init__(self, line: str) -> None:
        super().__init__(shortened(" ".join(line.splitlines())))


class NotALog(Unreadable):
    """Readable, but without a curve: left out where a folder was asked for, said where the file itself was."""


class Column(NamedTuple):
    """The cells of a column that hold a number: (N,) their rows, or their steps, and (N,) float64."""

    at: np.ndarray
    values: np.ndarray


class Words(NamedTuple):
    """The cells of a column of text: (N,) their rows, (N,) which word, and the words."""

    at: np.ndarray
    codes: np.ndarray
    words: tuple[str, ...]


@dataclass
class RunTable:
    """One file's table, or one run's.

    Attributes:
        name: of the run; empty if the file has but one.
        columns: by name, as written.
        words: the columns of text.
        rows: number of rows.
        clock: what `at` of the columns counts if these are steps already; empty if they are rows.
        standard: whether the columns have the names of channels already.
        notes: what the reader left out or changed.
    """

    name: str
    columns: dict[str, Column]
    words: dict[str, Words] = field(default_factory=dict)
    rows: int = 0
    clock: str = ""
    standard: bool = False
    notes: list[str] = field(default_factory=list)


def plural(n: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


class Gather:
    """Columns in the making, a block of rows at a time; memory is that of the numbers.

    Args:
        comma: whether 0,5 is a number.
    """

    def __init__(self, comma: bool = False) -> None:
        self.comma, self.rows = comma, 0
        self._numbers: dict[str, list[Column]] = {}
        self._words: dict[str, list[Column]] = {}
        self._codes: dict[str, dict[str, int]] = {}

    def block(self, columns: Mapping[str, tuple[np.ndarray | None, Cells]], rows: int) -> None:
        """Add a block of `rows` rows: {name: (rows of its cells within the block, None for all; cells)}."""
        for name, (at, cells) in columns.items():
            at = self.rows + (np.arange(len(cells)) if at is None else at)
            numbers, words = self._numbers.setdefault(name, []), self._words.setdefault(name, [])
            if isinstance(cells, np.ndarray):
                numbers.append(Column(at, cells.astype(np.float64)))
                continue
            try:
                numbers.append(Column(at, np.array(list(map(float, cells)), np.float64)))
                continue
            except (ValueError, TypeError, OverflowError):
                pairs = self._cells(name, cells)
            kinds = np.array([kind for kind, _ in pairs])
            values = np.array([value for _, value in pairs])
            numbers.append(Column(at[kinds == 1], values[kinds == 1]))
            words.append(Column(at[kinds == 2], values[kinds == 2].astype(np.int32)))
        self.rows += rows

    def _cells(self, name: str, cells: Sequence[object]) -> list[tuple[int, float]]:
        """As `_cell` for each; of words that come again, only the first is looked at."""
        known: dict[str, tuple[int, float]] = {}
        for cell in cells:
            if isinstance(cell, str) and cell not in known:
                known[cell] = self._cell(name, cell)
        return [known[cell] if isinstance(cell, str) else self._cell(name, cell) for cell in cells]

    def _cell(self, name: str, cell: object) -> tuple[int, float]:
        """Blank (0), a number (1), or the code of a word (2)."""
        text = str(cell).strip()
        if cell is None or text.lower() in BLANK:
            return 0, 0.0
        number = OF_MANY.fullmatch(text)
        number = number[1] if number else text.removesuffix("%")
        try:
            return 1, float(number.replace(",", ".") if self.comma else number)
        except ValueError:
            codes, text = self._codes.setdefault(name, {}), text[:WORD]
            if len(codes) < VOCABULARY or text in codes:
                return 2, float(codes.setdefault(text, len(codes)))
            return 2, -1.0

    def table(self, name: str = "") -> RunTable:
        """All that was gathered; a column is text if more than 1 % of its cells are."""
        made, every = RunTable(name, {}, rows=self.rows), np.arange(self.rows)
        for column in self._numbers:
            number, word = _joined(self._numbers[column]), _joined(self._words[column])
            if number.at.size == self.rows:
                number = Column(every, number.values)  # full columns share their rows
            codes, cells = self._codes.get(column, {}), number.at.size + word.at.size
            if word.at.size <= MIXED * cells:
                made.columns[column] = number
                if word.at.size:
                    seen = f"{next(iter(codes))[:20]!r}"
                    told = plural(word.at.size, "cell")
                    made.notes.append(f"{column}: {told} such as {seen}, row {int(word.at[0]) + 1}, left out")
            elif len(codes) < VOCABULARY:
                made.words[column] = _words(number, word, codes)
            else:
                made.words[column] = Words(np.zeros(0, int), np.zeros(0, int), ())
        return made


def _joined(parts: list[Column]) -> Column:
    if not parts:
        return Column(np.zeros(0, np.int64), np.zeros(0))
    joined = Column(*(np.concatenate(side) for side in zip(*parts, strict=True)))
    parts.clear()
    return joined


def _words(number: Column, word: Column, codes: dict[str, int]) -> Words:
    """A column of text in which some words are numbers."""
    new, which = np.unique(number.values, return_inverse=True)
    texts = [*codes, *(f"{value:g}" for value in new)]
    at, coded = np.r_[word.at, number.at], np.r_[word.values, len(codes) + which].astype(np.int64)
    order = np.argsort(at, kind="stable")
    return Words(at[order], coded[order], tuple(texts))


def of_rows(rows: Iterable[Mapping[str, object]], into: Gather, size: int = 20_000) -> Gather:
    """Gather rows that are mappings; a key that is missing is a blank cell. Nested keys are joined by `/`."""
    rows = iter(rows)
    while block := list(islice(rows, size)):
        cells: dict[str, tuple[list[int], list]] = {}
        for at, row in enumerate(block):
            _add(cells, at, "", row)
        into.block({name: (np.array(at, np.int64), values) for name, (at, values) in cells.items()}, len(block))
    return into


def _add(
    cells: dict[str, tuple[list[int], list]], at: int, prefix: str, row: Mapping[str, object], depth: int = 0
) -> None:
    for key, value in row.items():
        if isinstance(value, Mapping):
            if depth < DEPTH:
                _add(cells, at, f"{prefix}{key}/", value, depth + 1)
        elif value is not None and not isinstance(value, list | bool):
            rows, values = cells.setdefault(f"{prefix}{key}", ([], []))
            rows.append(at)
            values.append(value)
