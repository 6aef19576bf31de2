"""The file that Weights & Biases' client keeps of every run, run-ID.wandb: its history, without the client.

A LevelDB log: blocks of 32 KiB that hold pieces of records, each behind seven bytes of checksum, length and kind; the
client no longer brings a reader for Python. A record is a protocol buffer, and without its classes all fields are
unknown ones; those that are read are numbered below as in wandb_internal.proto.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from bestiary.logs.extras import library, reason
from bestiary.logs.run_table import Gather, NotALog, RunTable, Unreadable, of_rows

MAGIC = b":W&B"
HEADER, BLOCK, PIECE = 7, 32768, 7  # [byte] of the file, of a block, of what stands before a piece
WHOLE, FIRST, LAST = 1, 2, 4  # kinds of pieces; 3 is in the middle
HISTORY, RUN = 2, 17  # of Record
ITEM, STEP = 1, 2  # of HistoryRecord
KEY, NESTED, JSON = 1, 2, 16  # of HistoryItem
NUMBER = 1  # of HistoryStep
DISPLAY_NAME = 8  # of RunRecord

Fields = Callable[[bytes], Iterator[tuple[int, Any]]]  # of a protocol buffer: number and content of each


def read_wandb(path: Path) -> list[RunTable]:
    """The history of one run; a nested name is joined by `.`, as the site does.

    Raises:
        Unreadable: it is damaged, or protobuf is not installed.
        NotALog: it has no history.
    """
    fields = _fields(path)
    names: list[str] = []
    ends: list[str] = []
    with path.open("rb") as file:
        if not file.read(HEADER).startswith(MAGIC):
            raise Unreadable(f"{path}: not a run of Weights & Biases; want a file that its client wrote")
        try:
            table = of_rows(_rows(_records(file, ends), fields, names), Gather()).table(names[-1] if names else "")
        except (ValueError, IndexError, TypeError, RecursionError) as error:
            raise Unreadable(f"{path}: near byte {file.tell()}: {reason(error)}; is the file damaged?") from error
    if not table.rows:
        raise NotALog(f"{path}: has no history; log with run.log()")
    table.notes += ends
    return [table]


def _rows(records: Iterator[bytes], fields: Fields, names: list[str]) -> Iterator[Mapping[str, Any]]:
    """A row for each history record; the run's name goes to `names`."""
    for record in records:
        for number, content in fields(record):
            if number == RUN:
                names += [str(name, "utf-8") for field, name in fields(content) if field == DISPLAY_NAME]
            elif number == HISTORY:
                yield _row(content, fields)


def _row(history: bytes, fields: Fields) -> dict[str, Any]:
    """Key and value of a row; what has a `_type`, as a picture, a table or a histogram, is no number."""
    row: dict[str, Any] = {}
    for number, content in fields(history):
        if number == STEP:
            row.setdefault("_step", next((value for field, value in fields(content) if field == NUMBER), 0))
        elif number == ITEM:
            parts = list(fields(content))
            key = ".".join(str(part, "utf-8") for field, part in parts if field in (KEY, NESTED))
            row.update((key, json.loads(text, parse_int=float)) for field, text in parts if field == JSON)
    odd = [key for key, value in row.items() if isinstance(value, dict) and "_type" in value]
    odd += [key.removesuffix("._type") for key in row if key.endswith("._type")]
    return {key: row[key] for key in row if not any(f"{key}.".startswith(f"{prefix}.") for prefix in odd)}


def _records(file: BinaryIO, ends: list[str]) -> Iterator[bytes]:
    """The records of the log; `ends` is told of one that is cut off."""
    left, parts = BLOCK - HEADER, list[bytes]()
    while True:
        if left < PIECE:  # too small for another piece: zeros
            file.read(left)
            left = BLOCK
        head = file.read(PIECE)
        size, kind = int.from_bytes(head[4:6], "little"), head[6] if len(head) == PIECE else 0
        content = file.read(size)
        if len(head) < PIECE or len(content) < size:
            if head or parts:
                ends.append("the last record is cut off, as in a file that is still being written; left out")
            return
        if zlib.crc32(content, zlib.crc32(head[6:])) != int.from_bytes(head[:4], "little"):
            raise ValueError("a checksum is wrong")
        left -= PIECE + size
        if kind in (WHOLE, FIRST):
            parts = []
        parts.append(content)
        if kind in (WHOLE, LAST):
            yield b"".join(parts)
            parts = []


def _fields(path: Path) -> Fields:
    empty = library(path, "google.protobuf.empty_pb2", "protobuf").Empty
    unknown = library(path, "google.protobuf.unknown_fields", "protobuf").UnknownFieldSet
    damaged = library(path, "google.protobuf.message", "protobuf").DecodeError

    def fields(message: bytes) -> Iterator[tuple[int, Any]]:
        try:
            found = unknown(empty.FromString(message))
        except damaged as error:
            raise ValueError("a record is no protocol buffer") from error
        return ((field.field_number, field.data) for field in found)

    return fields
