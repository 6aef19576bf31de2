"""Compressed files, unpacked into a temporary one, but no more of them than is read of a pipe."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from bestiary.logs.extras import reason
from bestiary.logs.run_table import RunTable, Unreadable

MOST = 2**28  # [byte] unpacked
BLOCK = 2**20  # [byte]
MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
ENDINGS = frozenset({".gz", ".bz2", ".xz", ".zst", ".zstd"})


def packing(head: bytes) -> str:
    """How a file with these first bytes is compressed; empty if it is not."""
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), "")


def read_packed(path: Path, read: Callable[[Path], list[RunTable]]) -> list[RunTable]:
    """What a reader makes of a compressed file; one that is cut off is read as far as it goes, and that is said.

    Raises:
        Unreadable: it is longer than is read when unpacked, damaged, or packed in a way that needs a library.
    """
    with path.open("rb") as file:
        how = packing(file.read(8))
    name = path.stem if path.suffix.lower() in ENDINGS else path.name
    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder) / (name or "log")
        cut = _unpack(path, how, inside)
        try:
            tables = read(inside)
        except Unreadable as error:
            raise type(error)(str(error).replace(str(inside), str(path))) from error
    for table in tables:
        table.notes += ["the compressed file is cut off; read as far as it goes"] if cut else []
    return tables


def _unpack(path: Path, how: str, to: Path) -> bool:
    """Write what is in a file to another; return whether it is cut off."""
    size, cut = 0, False
    with path.open("rb") as packed, to.open("wb") as file, _opened(path, how, packed) as content:
        some = getattr(content, "read1", content.read)  # which gives what there is before the end of what is cut off
        while True:
            try:
                block = some(BLOCK)
            except EOFError:
                cut = True
                break
            except Exception as error:  # each library has errors of its own
                if size and isinstance(error, OSError | zlib.error | lzma.LZMAError | ValueError):
                    raise Unreadable(f"{path}: damaged after {size:,} bytes ({reason(error)})") from error
                raise Unreadable(f"{path}: not a readable {how} file ({reason(error)}); is it damaged?") from error
            if not block:
                break
            size += len(block)
            if size > MOST:
                raise Unreadable(
                    f"{path}: is more than {MOST >> 20} MiB when unpacked; unpack it, and keep what matters"
                )
            file.write(block)
    if not size:
        raise Unreadable(f"{path}: is empty when unpacked; a log has at least one row")
    return cut


def _opened(path: Path, how: str, packed: BinaryIO) -> BinaryIO:
    if how != "zstd":
        return {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}[how](packed)
    with suppress(ImportError):
        return import_module("compression.zstd").open(packed)
    with suppress(ImportError):
        return import_module("zstandard").ZstdDecompressor().stream_reader(packed, read_across_frames=True)
    raise Unreadable(f"{path}: is compressed with zstd: pip install zstandard, or unpack it with `unzstd`")
