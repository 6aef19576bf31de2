"""Parquet: what is decoded is counted before it is decoded, since a file of a few kilobytes can hold gigabytes."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from bestiary.logs.extras import library, reason
from bestiary.logs.run_table import Cells, Gather, NotALog, RunTable, Unreadable, plural

BLOCK, WORDY = 20_000, 1000  # [row] decoded at once; with columns of words, whose length a file may state wrongly
MOST = 2**30  # [byte] of all columns together, decoded
CELL = 16  # [byte] of a number in a table, with its row
TEXT = 2**26  # [byte] of a column of text; of more it is prose, and not read
SLACK = 2**26  # [byte] by which a block may be larger than the file declares
SPLIT = "write the columns that matter to a smaller file"


def read_parquet(path: Path) -> list[RunTable]:
    """Read one table; a null is a blank cell. Of columns, numbers and short words are read.

    Raises:
        Unreadable: it is damaged, larger than `MOST` when decoded, or pyarrow is not installed.
        NotALog: it has no row.
    """
    parquet = library(path, "pyarrow.parquet", "pyarrow")
    gather, notes = Gather(), []
    try:
        with parquet.ParquetFile(path) as file:
            numbers, words, prose = _columns(file)
            _check_size(path, file.metadata.num_rows, len(numbers) + len(words), sum(words.values()))
            notes += [f"{plural(len(prose), 'column')} of long text, such as {prose[0]}, left out"] if prose else []
            wanted = [*numbers, *words]
        with parquet.ParquetFile(path, read_dictionary=list(words)) as file:
            for batch in file.iter_batches(WORDY if words else BLOCK, columns=wanted, use_threads=False):
                declared = batch.num_rows * len(wanted) * CELL + sum(words.values())
                if batch.nbytes > declared + SLACK:
                    raise Unreadable(f"{path}: holds more than it declares; {SPLIT}")
                gather.block(dict(_flat(batch)), batch.num_rows)
    except Unreadable:
        raise
    except Exception as error:  # pyarrow raises whatever its parser stumbles on
        raise Unreadable(f"{path}: not a readable Parquet file ({reason(error)}); is it cut off?") from error
    if not gather.rows:
        raise NotALog(f"{path}: has no row; want one for each step")
    table = gather.table()
    table.notes += notes
    return [table]


def _columns(file: Any) -> tuple[list[str], dict[str, int], list[str]]:
    """Columns of numbers; of words, each with its [byte] as the file declares them; and of longer text."""
    metadata = file.metadata
    size: dict[str, int] = {}
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for i in range(metadata.num_columns):
            chunk = row_group.column(i)
            size[chunk.path_in_schema] = size.get(chunk.path_in_schema, 0) + chunk.total_uncompressed_size
    leaves = []
    for field in file.schema_arrow:
        if import_module("pyarrow").types.is_struct(field.type):
            leaves += [(f"{field.name}.{inner.name}", inner.type) for inner in field.type]
        else:
            leaves.append((field.name, field.type))
    numbers = [name for name, kind in leaves if _is_number(kind)]
    texts = [name for name, kind in leaves if _is_text(kind)]
    words = {name: size.get(name, 0) for name in texts if size.get(name, 0) <= TEXT}
    return numbers, words, [name for name in texts if name not in words]


def _check_size(path: Path, rows: int, columns: int, words: int) -> None:
    """Refuse a table that is too large, with [byte] `words` of text."""
    decoded = rows * columns * CELL + words
    if decoded > MOST:
        told = f"{plural(rows, 'row')} of {plural(columns, 'column')} are {decoded / 2**30:.2g} GiB"
        raise Unreadable(f"{path}: {told} when decoded, and {MOST >> 30} GiB is the most that is read; {SPLIT}")


def _flat(batch: Any, prefix: str = "") -> Iterator[tuple[str, tuple[np.ndarray, Cells]]]:
    """Cells that are no null, with their rows; those of a nested column are named with `/`."""
    types = import_module("pyarrow").types
    for name, cells in zip(batch.schema.names, batch.columns, strict=True):
        if types.is_struct(cells.type):
            inner = zip([field.name for field in cells.type], cells.flatten(), strict=True)
            yield from ((f"{prefix}{name}/{field}", _filled(part)) for field, part in inner if _is_read(part.type))
        elif _is_read(cells.type):
            yield f"{prefix}{name}", _filled(cells)


def _filled(cells: Any) -> tuple[np.ndarray, Cells]:
    """(N,) rows of the cells that are no null, and the cells: numbers as an array, words each as one object."""
    pyarrow = import_module("pyarrow")
    keep = np.flatnonzero(cells.is_valid().to_numpy(zero_copy_only=False))
    cells = cells.drop_null()
    if _is_number(cells.type):
        return keep, cells.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    if not pyarrow.types.is_dictionary(cells.type):
        cells = cells.dictionary_encode()
    words = cells.dictionary.to_pylist()
    return keep, [words[i] for i in cells.indices.to_pylist()]


def _is_read(kind: Any) -> bool:
    return _is_number(kind) or _is_text(kind)


def _is_number(kind: Any) -> bool:
    types = import_module("pyarrow").types
    return any(test(kind) for test in (types.is_integer, types.is_floating, types.is_decimal))


def _is_text(kind: Any) -> bool:
    types = import_module("pyarrow").types
    if types.is_dictionary(kind):
        kind = kind.value_type
    return types.is_string(kind) or types.is_large_string(kind)
