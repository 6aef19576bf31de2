"""A page of text and tables that fits the terminal: names and values are never broken, lines are wrapped at spaces."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from bestiary.cli.output.console import Console
from bestiary.cli.output.shown import shown

PIPED = 100  # [column] where neither COLUMNS nor a terminal says how many there are
GAP = 2  # [column] between two cells


def width() -> int:
    """Return how many columns a line may have: COLUMNS, else the terminal's, also of a command in a pipe, else 100."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isascii() and asked.isdigit() and int(asked) > 0:
        return int(asked)
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        try:
            columns = os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError, AttributeError):  # no terminal, closed, or none of the system's
            continue
        if columns > 0:
            return columns
    return PIPED


class Styled(NamedTuple):
    """A cell with a style of rich."""

    text: str
    style: str


Cell = str | Styled


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: its heading.
        prose: [column] least width to which its cells are wrapped, at spaces; 0: they stand on one line.
        drop: where there is no room for all columns, those with the highest number are left out first; 0: never.
        eager: whether it is left out before anything is wrapped.
        bare: whether a cell speaks for itself without the heading, where the cells of a row stand below each other.
    """

    name: str
    prose: int = 0
    drop: int = 0
    eager: bool = False
    bare: bool = False


@dataclass(frozen=True)
class Heading:
    """A line of a table across all of its columns."""

    text: str
    style: str = ""
    indent: int = 0


Row = Sequence[Cell] | Heading


class Page:
    """Where a command prints.

    Args:
        wide: whether every row of a table stands on one line, however long.
        out: a console, as wide as it is; default: standard output.
    """

    def __init__(self, wide: bool = False, out: Console | None = None) -> None:
        self.columns = None if wide else out.width if out else width()
        self._out = out or Console(width=self.columns or PIPED, highlight=False)

    def say(self, text: str, style: str = "", indent: int = 0, hang: int = 0) -> None:
        """Print lines of prose, wrapped at spaces.

        Args:
            text: one line or more.
            style: of rich.
            indent: [column] before every line.
            hang: [column] by which what is wrapped goes on further to the right.
        """
        for line in text.splitlines() or [""]:
            for i, part in enumerate(wrap(line, self._room(indent), hang)):
                self._print(Text(" " * (indent + (hang if i else 0))).append(part, style or None))

    def table(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Print a table.

        Columns without content are left out. Where there is no room, columns that may be dropped are, and a line says
        which; if that is not enough the cells of a row stand below each other.

        Args:
            columns: (K) of the table.
            rows: each of (K) cells, or a heading.
        """
        cells = [row for row in rows if not isinstance(row, Heading)]
        kept = [k for k in range(len(columns)) if any(_text(row[k]) for row in cells)]
        if not kept:  # as for runs that all diverged: they have no effect to tell of
            for row in rows:
                if isinstance(row, Heading):
                    self.say(row.text, row.style, row.indent, GAP)
            return
        dropped: list[str] = []
        if not self._fits(columns, cells, kept):
            dropped = [columns[k].name for k in kept if columns[k].eager]
            kept = [k for k in kept if not columns[k].eager]
        every, widths = kept, self._widths(columns, cells, kept)
        while widths is None and (loose := [k for k in kept if columns[k].drop]):
            out = max(loose, key=lambda k: columns[k].drop)
            kept = [k for k in kept if k != out]
            dropped.append(columns[out].name)
            widths = self._widths(columns, cells, kept)
        if widths is None:
            dropped = [name for name in dropped if name not in [columns[k].name for k in every]]
            self._stacked(columns, rows, every)
        else:
            self._abreast([columns[k].name for k in kept], rows, kept, widths)
        if dropped:
            self.say(f"left out: {', '.join(dropped)}; --wide shows them", "dim")
        self._print(Text())

    def grid(self, corner: str, names: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Print a table of many narrow columns; those that have no room follow in tables of their own.

        Args:
            corner: heading of the first column.
            names: (K) of the columns.
            rows: first cell, and (K) cells.
        """
        first = max(map(cell_len, [corner, *(head for head, _ in rows)]))
        widths = [max(map(cell_len, [name, *(cells[k] for _, cells in rows)])) for k, name in enumerate(names)]
        start = 0
        while start < len(names):
            stop, used = start + 1, first + GAP + widths[start]
            while stop < len(names) and (self.columns is None or used + GAP + widths[stop] <= self.columns):
                used += GAP + widths[stop]
                stop += 1
            self._abreast(
                [corner, *names[start:stop]],
                [[head, *cells[start:stop]] for head, cells in rows],
                range(stop - start + 1),
                [first, *widths[start:stop]],
            )
            self._print(Text())
            start = stop

    def _room(self, indent: int) -> int | None:
        return None if self.columns is None else max(self.columns - indent, 1)

    def _print(self, line: Text) -> None:
        line.rstrip()
        self._out.print(line, soft_wrap=True)

    def _natural(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], kept: Sequence[int]) -> list[int]:
        """The widths at which nothing is wrapped."""
        return [max(map(cell_len, [columns[k].name, *(_text(row[k]) for row in rows)]), default=0) for k in kept]

    def _fits(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], kept: Sequence[int]) -> bool:
        """Whether every row has room on one line."""
        need = sum(self._natural(columns, rows, kept)) + GAP * (len(kept) - 1)
        return self.columns is None or need <= self.columns

    def _widths(
        self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], kept: Sequence[int]
    ) -> list[int] | None:
        """The widths of these columns; None if they have no room beside each other."""
        natural = self._natural(columns, rows, kept)
        gaps = GAP * (len(kept) - 1)
        if self.columns is None or self._fits(columns, rows, kept):
            return natural
        least = [
            max(longest_word([columns[k].name, *(_text(row[k]) for row in rows)]), min(natural[i], columns[k].prose))
            if columns[k].prose
            else natural[i]
            for i, k in enumerate(kept)
        ]
        spare = self.columns - gaps - sum(least)
        if spare < 0:
            return None
        while spare:  # a column at a time, to the one that is wrapped the most
            short = max(range(len(kept)), key=lambda i: natural[i] / least[i])
            least[short] += 1
            spare -= 1
        return least

    def _abreast(self, names: Sequence[str], rows: Sequence[Row], kept: Sequence[int], widths: Sequence[int]) -> None:
        """Print the cells of a row beside each other."""
        self._line([Styled(name, "bold") for name in names], widths)
        rule = "-" if self._out.options.ascii_only else "─"
        self._print(Text(rule * (sum(widths) + GAP * (len(widths) - 1)), "dim"))
        for row in rows:
            if isinstance(row, Heading):
                self.say(row.text, row.style, row.indent, GAP)
            else:
                self._line([row[k] for k in kept], widths)

    def _line(self, cells: Sequence[Cell], widths: Sequence[int]) -> None:
        """Print one row, on as many lines as its prose takes."""
        parts = [wrap(_text(cell), room) for cell, room in zip(cells, widths, strict=True)]
        for i in range(max(map(len, parts))):
            line = Text()
            for cell, part, room in zip(cells, parts, widths, strict=True):
                text = part[i] if i < len(part) else ""
                line.append(text, _style(cell)).append(" " * (room - cell_len(text) + GAP))
            self._print(line)

    def _stacked(self, columns: Sequence[Column], rows: Sequence[Row], kept: Sequence[int]) -> None:
        """Print the cells of a row one after the other, in lines of their own."""
        for row in rows:
            if isinstance(row, Heading):
                self.say(row.text, row.style, row.indent, GAP)
                continue
            line, used = Text(), 0
            for i, k in enumerate(kept):
                text = _text(row[k])
                if not text:
                    continue
                text = text if columns[k].bare else f"{columns[k].name} {text}"
                if used and used + GAP + cell_len(text) > (self.columns or 0):
                    self._print(line)
                    line, used = Text(), 0
                lead = GAP if used or i else 0
                *full, last = wrap(text, self._room(4))
                for part in full:
                    self._print(line.append(" " * lead).append(part, _style(row[k])))
                    line, lead = Text(), 4
                line.append(" " * lead).append(last, _style(row[k]))
                used += lead + cell_len(last)
            self._print(line)


def wrap(text: str, room: int | None, hang: int = 0) -> list[str]:
    """Break text at spaces into lines; a word that is longer than a line is not broken.

    Args:
        text: one line of text; spaces at its start are kept.
        room: [column] of a line; None breaks nothing.
        hang: [column] by which the lines after the first are shorter.
    """
    text = _printable(text).rstrip()
    if room is None or cell_len(text) <= room:
        return [text]
    lead = text[: len(text) - len(text.lstrip())]
    lines = [lead]
    for word in text.split():
        limit = room - (hang if len(lines) > 1 else 0)
        if lines[-1].strip() and cell_len(lines[-1]) + 1 + cell_len(word) > limit:
            lines.append(word)
        else:
            lines[-1] += f" {word}" if lines[-1].strip() else word
    return lines


def longest_word(texts: Sequence[str]) -> int:
    """Return the width of the longest word [column]."""
    return max((cell_len(word) for text in texts for word in text.split()), default=0)


def _text(cell: Cell) -> str:
    return _printable(cell.text if isinstance(cell, Styled) else cell)


def _style(cell: Cell) -> str | None:
    return (cell.style or None) if isinstance(cell, Styled) else None


def _printable(text: str) -> str:
    """Write a text on one line; what a terminal would obey is shown."""
    return shown(text.replace("\n", " ").replace("\t", " "))
