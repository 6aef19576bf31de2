"""Text whose name says nothing of its format: JSON, a table, or what a program prints, by what stands in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bestiary.logs import text
from bestiary.logs.channels import channel
from bestiary.logs.console import read_console
from bestiary.logs.lines import pairs
from bestiary.logs.run_table import NotALog, RunTable, Unreadable
from bestiary.logs.steps import is_step

Reader = Callable[[Path], list[RunTable]]
HEAD = 4096  # [byte] looked at for the first line


def read_plain(path: Path) -> list[RunTable]:
    """Read JSON, JSON Lines, a table, or a text log.

    Raises:
        Unreadable: it is none of them; what it is most like says why.
    """
    encoding = text.encoding(path)
    with path.open(encoding=encoding, errors="replace") as file:
        head = file.read(HEAD).lstrip()
    first = head.splitlines()[0] if head else ""
    if first.startswith(("{", "[")):
        return _or_console(path, encoding, text.read_json, likely=first.startswith(('{"', "[{", "[[", "{}", "[]")))
    names = text.cells(first)
    numbers = [text.is_number(name) for name in names]
    told = any(channel(pair.name) for pair in pairs(first))  # `Epoch 1/60 loss=0.5`
    if first.startswith("|") or told or (any(numbers) and not all(numbers)):
        try:
            return read_console(path, encoding)
        except NotALog:  # or columns are named by numbers
            if first.startswith("|") or not any(mark in first for mark in text.DELIMITERS):
                raise
    return _or_console(path, encoding, text.read_csv, likely=any(channel(n) or is_step(n) for n in names))


def _or_console(path: Path, encoding: str, reader: Reader, likely: bool) -> list[RunTable]:
    """What a reader makes of a file, else what it is as a text log; of two errors the likelier."""
    tables: list[RunTable] = []
    why: Unreadable | None = None
    try:
        tables = reader(path)
    except Unreadable as error:
        why = error
    if any(column.at.size > 1 for table in tables for column in table.columns.values()):
        return tables
    try:
        return read_console(path, encoding)
    except NotALog as error:
        if why is None and likely:
            return tables
        raise (why if why and (likely or isinstance(why, NotALog) or "utf-" in str(why)) else error) from error
