"""Compiled programs on disk: JAX writes them in place and never replaces one that was cut off, so that one must go."""

from __future__ import annotations

import random
import time
import zlib
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from bestiary.cache import CHECKED, DAY, is_program, listed, program_folders, unused

ALL = 7 * DAY  # [s] a disk may spoil a file without changing its date: all are checked so often
LONGEST = 2.0  # [s] that a check takes
ZSTANDARD = b"\x28\xb5\x2f\xfd"


def sweep(cache: Path, folder: Path) -> None:
    """Remove the programs that are cut off, and those that nobody has used for long.

    Args:
        cache: with a folder of programs for each version of JAX and each machine.
        folder: of them the one whose programs are checked, as far as they are newer than the last check.
    """
    for other in program_folders(cache):
        for file in listed(other):
            with suppress(OSError):  # another process was faster, or the folder cannot be written
                if is_program(file.name) and unused(Path(file.path)):
                    Path(file.path).unlink()
        with suppress(OSError):  # not empty
            if other != folder:
                other.rmdir()
    mark = folder / CHECKED
    try:
        last = mark.stat().st_mtime
        last = last if time.time() - last < ALL else 0.0
    except OSError:
        last = 0.0
    with suppress(OSError):
        mark.touch()  # before the look: what is written meanwhile is for the next
        until, found = time.monotonic() + LONGEST, [f for f in listed(folder) if f.name.endswith("-cache")]
        random.shuffle(found)
        for file in found:
            with suppress(OSError):
                if file.stat().st_mtime >= last - 2.0 and not whole(Path(file.path)):  # some disks count in 2 s
                    Path(file.path).unlink()
            if time.monotonic() > until:
                return


def whole(program: Path) -> bool:
    """Return whether a program can be unpacked to its end."""
    packed = program.read_bytes()
    if packed.startswith(ZSTANDARD):
        return _zstandard(packed)
    try:
        unpacking = zlib.decompressobj()
        unpacking.decompress(packed)
    except zlib.error:
        return False
    return unpacking.eof


def _zstandard(packed: bytes) -> bool:
    """Return whether Zstandard can unpack it, by the package that JAX would take; True if there is none."""
    for package in ("compression.zstd", "zstandard"):
        with suppress(ImportError):
            unpack = import_module(package).decompress
            break
    else:
        return True
    try:
        unpack(packed)
    except Exception:  # each package has errors of its own
        return False
    return True
