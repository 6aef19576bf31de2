"""Boxes of a text log: a line `| name | number |` each, between lines of dashes, as SB3 and its ancestors print."""

from __future__ import annotations

import re

from bestiary.logs.lines import NUMBER, Pair, plain

ROW = re.compile(r"\s*[|│┃]([^|│┃]{1,200})[|│┃]([^|│┃]{0,200})(?:[|│┃]\s*)?$")
BORDER = re.compile(r"\s*[-=+_─━┄┌┐└┘├┤┬┴┼╭╮╰╯]{3,}\s*$")


class Boxes:
    """Takes lines of boxes; a box is told when it ends."""

    def __init__(self) -> None:
        self._box: dict[str, Pair] = {}
        self._heading = ""

    def take(self, line: str) -> list[Pair] | None:
        """None for a line of no box; else the box that ended with this line, or nothing."""
        line = plain(line)
        if BORDER.match(line):
            return self.end()
        found = ROW.match(line)
        if found is None:
            self._box, self._heading = {}, ""  # what was no box after all
            return None
        name, cell = found[1].strip(), found[2].strip()
        number = NUMBER.fullmatch(cell)
        if not re.search(r"[A-Za-z]", name) or (number is None and not (name.endswith("/") and not cell)):
            return [] if self._box else None  # words in a box
        if number is None:
            self._heading = name
            return []
        indented = found[1].startswith("    ")
        full = f"{self._heading}{name}" if indented and self._heading else name
        ended = []
        if full in self._box:  # no line between two boxes
            ended, self._box = list(self._box.values()), {}
        self._box[full] = Pair(full, float(number["number"].replace(",", "")))
        return ended

    def end(self) -> list[Pair]:
        """The box so far."""
        box, self._box, self._heading = list(self._box.values()), {}, ""
        return box
