"""Tables in a text without bars between cells: under a line of names, as YOLO prints, or one of names and dashes."""

from __future__ import annotations

import re
from itertools import pairwise

from bestiary.logs.line_names import channel, is_step
from bestiary.logs.lines import NUMBER, Pair, plain
from bestiary.logs.parts_of_loss import part

RULE = re.compile(r"\s{0,80}-{1,80}(?: {1,20}-{1,80}){1,60}\s*$")
BAR = re.compile(r":?\s{1,20}\d{1,3}%.*$|:$")  # a progress bar behind the last cell
NAME = re.compile(r"[A-Za-z#(][\w()./@%#-]{0,40}")
LEAST, KNOWN, MOST = 3, 2, 60  # [cell] of a line of names, at least, of them known, and at most
SIGNS = {"#": "step", "E": "epoch"}  # names that such tables shorten


class Headed:
    """Takes lines of tables; a line of names holds until the next."""

    def __init__(self) -> None:
        self._above, self._names, self._ruled = "", list[str](), False
        self._text: dict[str, str] = {}  # {column of words: its first}, as `all` of the classes

    def take(self, line: str) -> list[Pair] | None:
        """None for a line of no table; else the named numbers of a row, none of a line of names."""
        line = plain(line).rstrip("\n")
        above, self._above = self._above, line
        if RULE.match(line):
            return self._rule(above, line)
        found = self._cells(line)
        if self._is_head(found):
            self._names, self._ruled, self._text = [cell.strip("()") for cell in found], False, {}
            return []
        return self._row(found) if self._names else None

    def _rule(self, above: str, line: str) -> list[Pair] | None:
        """Dashes under names that may be of several words."""
        begins = [found.start() for found in re.finditer(r"(?<!-)-", line)]
        names = [above[a:b].strip() for a, b in pairwise([*begins, len(above) + 1])]
        if len(names) < LEAST or not all(names) or sum(map(_known, names)) < 1:
            return None
        self._names, self._ruled, self._text = [SIGNS.get(name, name) for name in names], True, {}
        return []

    def _cells(self, line: str) -> list[str]:
        return BAR.sub("", line).split()[: MOST + 1]

    def _is_head(self, cells: list[str]) -> bool:
        return (
            LEAST <= len(cells) <= MOST
            and all(map(NAME.fullmatch, cells))
            and sum(_known(cell.strip("()")) for cell in cells) >= KNOWN
        )

    def _row(self, cells: list[str]) -> list[Pair] | None:
        if len(cells) != len(self._names):
            return None
        made: list[Pair] = []
        for name, cell in zip(self._names, cells, strict=True):
            number = NUMBER.fullmatch(cell)
            if number is None:
                if NAME.fullmatch(cell) is None or _known(name) or is_step(name):
                    return None
                if self._text.setdefault(name, cell) != cell:
                    return []  # of one class alone
                continue
            made.append(Pair(name, float(number["number"].replace(",", "")), float(number["of"] or 0)))
        return made if len(made) >= KNOWN else None


def _known(name: str) -> bool:
    return channel(name) is not None or is_step(name) or bool(part(name)) or name in SIGNS
