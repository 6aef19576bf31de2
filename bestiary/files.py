"""Find the files of the package, and write others whole.

Standard library only: `bestiary detect` starts with it.
"""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None

PACKAGE = Path(__file__).resolve().parent
HURRY = 2.0  # [s] a file of this age has been locked by its writer
PATIENCE = 600.0  # [s] age at which an unfinished file is a leftover where none can be locked


def checkout() -> Path | None:
    """Find the checkout that the package runs from; None for an installed package."""
    above = PACKAGE.parent
    return above if (above / "pyproject.toml").is_file() and (above / "catalog.yaml").is_file() else None


def locate(name: str) -> Path:
    """Find the file of that name that came with the package: beside it in a wheel, above it in a checkout."""
    packed = PACKAGE / "data" / name
    return packed if packed.is_file() else PACKAGE.parent / name


def measured() -> Path:
    """Find the folder of what was measured; a wheel holds the part of it that `bestiary detect` tells of."""
    packed = PACKAGE / "measured_data"
    return packed if packed.is_dir() else PACKAGE.parent / "benchmarks" / "measured"


def modules(package: str) -> set[str]:
    """Name the files in `phenomena` or `detectors`; imports none of them."""
    return {file.stem for folder in folders(package) for file in folder.glob("[!_]*.py")}


def folders(package: str) -> list[Path]:
    """Find where the files of `phenomena` or `detectors` lie; imports none of them."""
    spec = find_spec(f"bestiary.{package}")
    return [Path(folder) for folder in (spec and spec.submodule_search_locations) or ()]


def replace_with(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one move, on disk before it has its name.

    Any number of threads, processes and machines may write the same path: the last one wins, and every reader sees one
    of their contents whole.

    Raises:
        OSError: it cannot be written; `path` is what it was.
    """
    for last in (False, True):
        part, number = _part(path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                _hold(file.fileno())
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                if fcntl is not None:
                    part.replace(path)  # while it is locked: nobody takes it for a leftover
            if fcntl is None:
                part.replace(path)  # Windows renames no open file
            return
        except FileNotFoundError:  # another machine, where locks do not reach, took it for a leftover
            if last:
                raise
        finally:
            part.unlink(missing_ok=True)


def _part(folder: Path) -> tuple[Path, int]:
    """Create a file under a name that nobody can foresee or has taken, link or not; return it and its descriptor."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    while True:
        part = folder / f".{secrets.token_hex(8)}.tmp"
        with suppress(FileExistsError):
            return part, os.open(part, flags, 0o666)  # as the umask says; `tempfile` would keep others from reading


def _hold(number: int) -> bool:
    """Lock an open file until it is closed; return whether that was possible."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # locked, or a folder of the network without locks
        return False
    return True


def abandoned(part: Path) -> bool:
    """Return whether a temporary file was left behind by a writer that was killed.

    A writer locks its file, and the lock ends with the writer. Where a file cannot be locked its age decides.
    """
    age = time.time() - part.lstat().st_mtime
    if age < HURRY or part.is_symlink():
        return False
    try:
        number = os.open(part, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    try:
        return _hold(number) or age > PATIENCE
    finally:
        os.close(number)


def probe(folder: Path) -> None:
    """See that files can be written in a folder, or in the one above in which it would be made; leaves nothing behind.

    Raises:
        OSError: they cannot.
    """
    there = next(above for above in (folder, *folder.absolute().parents) if os.path.lexists(above))
    part, number = _part(there)
    os.close(number)
    part.unlink(missing_ok=True)
