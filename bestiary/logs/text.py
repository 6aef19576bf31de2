"""Logs that are text: CSV and its kin, JSON Lines, and JSON as Hugging Face, Keras and others write it."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from bestiary.logs.run_table import MIXED, Gather, NotALog, RunTable, Unreadable, of_rows, plural

BLOCK = 20_000  # [row]
HEAD = 65536  # [byte] looked at to tell what a file is
DELIMITERS = ",\t;|"
WANTED = "want a line of names and one row for each step"
MONITOR = {"r": "reward", "l": "episode length", "t": "time"}  # what Gym's and Stable-Baselines' Monitor calls them


def encoding(path: Path) -> str:
    """UTF-8, or UTF-16 where the file says so, as what PowerShell's `>` writes does.

    Raises:
        Unreadable: the file is empty, or no text.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip():
        raise Unreadable(f"{path}: is empty; a log has at least one row")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in head:
        raise Unreadable(f"{path}: is binary, and of no format that is read here; export it as CSV or JSON Lines")
    return "utf-8-sig"


def _not_text(path: Path, line: int, error: UnicodeError) -> Unreadable:
    name, why = getattr(error, "encoding", "UTF-8"), getattr(error, "reason", str(error))
    return Unreadable(f"{path}: after line {line}: not {name} text ({why}); save it as UTF-8")


def _headed(path: Path, columns: int, delimiter: str) -> str:
    """How to give a table of so many columns its names."""
    names = delimiter.join(["step", "loss", *(f"name{i + 1}" for i in range(2, min(columns, 4)))][: max(columns, 1)])
    names += f"{delimiter}..." if columns > 4 else ""
    names = "loss" if columns == 1 else names.replace("\t", "\\t")
    return f"name the columns and pipe it in: (printf '{names}\\n'; cat {path.name}) | bestiary detect -"


def is_number(cell: str) -> bool:
    """Whether a cell is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) in b"\n\0"  # the last byte of a newline in UTF-16 is 0


def _delimiter(file: TextIO, path: Path) -> str:
    """The one that the first line of names or numbers has most of; a space if it has none."""
    try:
        lines = file.read(HEAD).splitlines()
    except UnicodeError as error:
        raise _not_text(path, 0, error) from error
    file.seek(0)
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    return _delimiter_in(first)


def _delimiter_in(line: str) -> str:
    best = max(DELIMITERS, key=line.count)
    return best if best in line else " " if len(line.split()) > 1 else ","


def cells(line: str) -> list[str]:
    """The cells of a line of a table."""
    delimiter = _delimiter_in(line)
    return [cell.strip() for cell in (line.split() if delimiter == " " else line.split(delimiter))]


def _names(cells: list[str]) -> list[str]:
    """A header's names, none empty, none twice."""
    made: dict[str, None] = {}
    for i, cell in enumerate(cells):
        name = cell.strip() or f"column {i + 1}"
        while name in made:
            name += f" ({i + 1})"
        made[name] = None
    return list(made)


def read_csv(path: Path) -> list[RunTable]:
    """One table of values separated by commas, tabs, semicolons, bars or spaces, under a line of names."""
    with path.open(encoding=encoding(path), newline="") as file:
        delimiter, line = _delimiter(file, path), 0
        rows = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
        try:
            comment: list[str] = []
            for row in rows:
                if row and row[0].startswith("#"):
                    comment = [cell for cell in [row[0].lstrip("# "), *row[1:]] if cell]
                elif any(row):
                    break
            else:
                raise NotALog(f"{path}: has no row; {WANTED}")
            gather, more = Gather(comma=delimiter == ";"), []
            if all(map(is_number, row)):
                if len(comment) != len(row):
                    told = f"{path}: line {rows.line_num} has numbers where names belong"
                    raise NotALog(
                        f"{told}: which is the step, and which the loss? {_headed(path, len(row), delimiter)}"
                    )
                row, more = comment, [row]
            names, line = _names(row), rows.line_num
            if names[:3] == [*MONITOR] and comment:
                names[:3] = MONITOR.values()
            reader = _Rows(path, [cell.strip() for cell in row], line, len(more))
            while block := [*more, *islice(rows, BLOCK)]:
                kept = reader.keep(block)
                gather.block(
                    {name: (None, cells) for name, cells in zip(names, zip(*kept, strict=True), strict=False)},
                    len(kept),
                )
                more, line = [], rows.line_num
        except csv.Error as error:
            raise Unreadable(f"{path}: near line {rows.line_num}: {error}; is a quotation mark left open?") from error
        except UnicodeError as error:
            raise _not_text(path, line, error) from error
    table = gather.table()
    table.notes += reader.notes(table.rows)
    return [table]


class _Rows:
    """Rows as long as the header; counts what is not.

    Args:
        path: of the file, for its mistakes.
        header: the cells of the header.
        line: its line.
        back: how many rows are read that stand before the line after it.
    """

    def __init__(self, path: Path, header: list[str], line: int, back: int) -> None:
        self.path, self.header, self.line = path, header, line - back
        self.bad: list[tuple[int, int]] = []  # line and number of cells
        self.repeated = 0

    def keep(self, block: list[list[str]]) -> list[list[str]]:
        n, start = len(self.header), self.line
        self.line += len(block)
        if set(map(len, block)) == {n} and self.header not in block:
            return block
        kept = []
        for i, row in enumerate(block):
            if len(row) == n + 1 and not row[-1]:
                row = row[:-1]
            if [cell.strip() for cell in row] == self.header:
                self.repeated += 1
            elif len(row) == n:
                kept.append(row)
            elif any(row) and not row[0].startswith("#"):
                self.bad.append((start + i + 1, len(row)))
        return kept

    def notes(self, rows: int) -> list[str]:
        """What was left out.

        Raises:
            Unreadable: it is more than 1 % of the rows.
        """
        made = []
        if self.repeated:
            made.append(f"the header is repeated {plural(self.repeated, 'time')}, as by a resumed run")
        if self.bad and self.bad[-1][0] >= self.line and not _ends_a_line(self.path):
            self.bad.pop()
            made.append("the last line is cut off, as in a file that is still being written; left out")
        if self.bad:
            line, cells = self.bad[0]
            told = f"line {line} has {plural(cells, 'cell')}, the header {len(self.header)}"
            if len(self.bad) > max(1, MIXED * rows):
                raise Unreadable(f"{self.path}: {told}; {WANTED}, of equal length")
            made.append(f"{told}; {plural(len(self.bad), 'such line')} left out")
        if not rows:
            raise NotALog(f"{self.path}: has a header and no row; {WANTED}")
        return made


def read_jsonl(path: Path) -> list[RunTable]:
    """One table of JSON objects, one a line; nested names are joined by `/`."""
    bad: list[tuple[int, str]] = []
    line = 0

    def objects() -> Iterator[Mapping[str, Any]]:
        nonlocal line
        for line, text in enumerate(file, 1):
            try:
                row = json.loads(text, parse_int=float)  # an int of thousands of digits raises
            except (ValueError, RecursionError) as error:
                if text.strip():
                    bad.append((line, getattr(error, "msg", type(error).__name__)))
                continue
            if isinstance(row, dict):
                yield row
            else:
                bad.append((line, f"a {type(row).__name__}, not an object"))

    with path.open(encoding=encoding(path)) as file:
        try:
            gather = of_rows(objects(), Gather())
        except UnicodeError as error:
            raise _not_text(path, line, error) from error
    table = gather.table()
    if table.rows and bad and bad[-1][0] == line and not _ends_a_line(path):
        bad.pop()
        table.notes.append("the last line is cut off, as in a file that is still being written; left out")
    if bad:
        first, why = bad[0]
        if len(bad) > max(1, MIXED * table.rows) or not table.rows:
            raise Unreadable(f"{path}: line {first} is no JSON object ({why}); want one {{...}} a line")
        table.notes.append(f"line {first} is no JSON object ({why}); {plural(len(bad), 'such line')} left out")
    if not table.rows:
        raise NotALog(f"{path}: has no row; want one JSON object a line")
    return [table]


def read_json(path: Path) -> list[RunTable]:
    """Hugging Face's trainer_state.json, a list of objects, or an object of lists as Keras' history."""
    try:
        content = json.loads(path.read_text(encoding(path)), parse_int=float)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return read_jsonl(path)
        where = f"line {error.lineno}, column {error.colno}"
        raise Unreadable(f"{path}: {where}: no JSON ({error.msg}); is the file cut off?") from error
    except UnicodeError as error:
        raise _not_text(path, 0, error) from error
    except RecursionError as error:
        raise Unreadable(f"{path}: JSON nested too deep for a log; want a list of objects") from error
    notes: list[str] = []
    if isinstance(content, dict) and isinstance(content.get("log_history"), list):
        content = content["log_history"]
        kept = [row for row in content if not (isinstance(row, dict) and "train_runtime" in row)]
        if len(kept) < len(content):
            notes.append("the closing summary of the Trainer is left out: its train_loss is a mean over the run")
        content = kept
    elif isinstance(content, dict) and content and all(isinstance(v, list) for v in content.values()):
        gather = Gather()
        length = max(map(len, content.values()))
        gather.block({k: (None, ["" if c is None else c for c in v]) for k, v in content.items()}, length)
        return [gather.table()]
    if not isinstance(content, list) or not content or not all(isinstance(row, dict) for row in content):
        raise NotALog(f"{path}: is JSON, but no log; want log_history, a list of objects, or an object of lists")
    table = of_rows(content, Gather()).table()
    table.notes += notes
    return [table]
