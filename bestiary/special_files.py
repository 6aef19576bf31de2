"""Tell what is no plain file before it is opened: opening a pipe may wait for ever. Standard library only."""

from __future__ import annotations

import re
import stat
import sys
from pathlib import Path

STANDARD_INPUT = Path("-")
DESCRIPTOR = re.compile(r"/dev/(?:stdin|fd/\d+)|/proc/(?:self|\d+)/fd/\d+")  # <(...) of a shell is /dev/fd/63
KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def kind(path: Path) -> str:
    """Return what a path is, such as `a named pipe`; nothing for a file, a folder, or a path that is not there."""
    try:
        return KINDS.get(stat.S_IFMT(path.stat().st_mode), "")
    except (OSError, ValueError):  # not there, or a name that no file can have: told by whoever opens it
        return ""


def is_stream(path: Path) -> bool:
    """Say whether a path is standard input or another open pipe of this process, which can be read once."""
    return path == STANDARD_INPUT or (kind(path) == "a named pipe" and DESCRIPTOR.fullmatch(str(path)) is not None)


def read_stream(path: Path, most: int) -> bytes:
    """Read a stream to its end, but no more than `most` bytes.

    Raises:
        OSError: the stream cannot be read, or is a terminal.
    """
    if path != STANDARD_INPUT:
        with path.open("rb") as file:
            return file.read(most)
    if sys.stdin is None or sys.stdin.isatty():
        raise OSError("is a terminal; pipe a file into it")
    return sys.stdin.buffer.read(most)
