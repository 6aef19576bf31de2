"""Tables of Markdown in a text: a line of names between bars, one of dashes, and rows."""

from __future__ import annotations

import re

from bestiary.logs.channels import channel
from bestiary.logs.lines import NUMBER, Pair

RULE = re.compile(r"\s*\|?(?:\s{0,9}:?-{1,200}:?\s{0,9}\|){1,200}(?:\s{0,9}:?-{1,200}:?\s{0,9})?\s*$")
CELLS = 200  # of a row


def cells(line: str) -> list[str]:
    """What stands between bars, without what makes it bold."""
    return [cell.strip(" *`_") for cell in line.strip().strip("|").split("|")][:CELLS]


class Markdown:
    """Takes lines of tables."""

    def __init__(self) -> None:
        self._above: list[str] = []
        self._names: list[str] = []

    def take(self, line: str) -> list[Pair] | None:
        """None for a line of no table; else the named numbers of a row."""
        if line.count("|") < 2:
            self._above, self._names = [], []
            return None
        if RULE.match(line):
            self._names, self._above = self._above, []
            return [] if self._names else None
        found = cells(line)
        if not self._names:
            self._above = found
            return None
        made = []
        for name, cell in zip(self._names, found, strict=False):
            number = NUMBER.fullmatch(cell)
            if number is not None and name:
                known = channel(name)
                share = number["unit"] == "%" and known is not None and known[0].endswith("_acc") and "%" not in name
                made.append(Pair(f"{name} %" if share else name, float(number["number"].replace(",", ""))))
        return made
