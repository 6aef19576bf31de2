"""The folder of what is kept: where it is, what lies in it, and what goes from it by itself or when asked.

    runs/ENTRY/ADDRESS.nc      finished runs
    runs/ENTRY/ADDRESS.part    unfinished ones
    xla-VERSION-MACHINE/       compiled programs, written by JAX
    catalogs/ADDRESS.json      what reading a catalog has found

Standard library and platformdirs only: `bestiary cache` starts without JAX.
"""

from __future__ import annotations

import errno
import os
import random
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from bestiary import files

UNUSED = 30 * 86400.0  # [s] what nobody has used for so long goes
DAY = 86400.0  # [s]
LONGEST = 0.3  # [s] that a start spends on sweeping; what is left waits for the next
RUN = re.compile(r"[0-9a-f]{32}\.(nc|part)")
PROGRAMS = "xla-"
TUNED = "xla_gpu_per_fusion_autotune_cache_dir"  # what XLA adds to programs of a GPU
CHECKED = ".checked"  # its date is that of the last check of programs
CATALOGS = "catalogs"
READING = re.compile(r"[0-9a-f]{64}\.json")
NEWEST = 16  # of them stay: whoever edits a catalog makes some at every turn


def cache_dir() -> Path:
    """Return BESTIARY_CACHE_DIR, else `.cache` in the checkout that the package runs from, else the user's cache."""
    if given := os.environ.get("BESTIARY_CACHE_DIR"):
        return Path(given)
    root = files.checkout()
    if root is not None and os.access(root / ".cache" if (root / ".cache").exists() else root, os.W_OK):
        return root / ".cache"
    return platformdirs.user_cache_path("bestiary", appauthor=False)


def mark_used(path: Path) -> None:
    """Give a file today's date, once a day: a file system may keep no time of access."""
    with suppress(OSError):  # gone, or another user's
        if time.time() - path.stat().st_mtime > DAY:
            os.utime(path)


def listed(folder: Path) -> list[os.DirEntry[str]]:
    """List a folder; nothing if it is none, cannot be read, or is a link to one."""
    with suppress(OSError):
        if not folder.is_symlink():
            with os.scandir(folder) as found:
                return list(found)
    return []


def sweep(runs: Path) -> None:
    """Remove what killed writers left behind in a folder of runs, and what nobody has used for UNUSED.

    Other processes may read and write there at the same time. It takes LONGEST at most, in another order each time.
    """
    until, entries = time.monotonic() + LONGEST, [Path(e.path) for e in listed(runs) if e.is_dir(follow_symlinks=False)]
    random.shuffle(entries)
    for entry in entries:
        for file in listed(entry):
            if time.monotonic() > until:
                return
            with suppress(OSError):  # another process was faster, or the folder cannot be written
                path = Path(file.path)
                if path.suffix == ".tmp" and files.abandoned(path):
                    path.unlink()
                elif RUN.fullmatch(file.name) and unused(path):
                    path.unlink()


def sweep_catalogs(folder: Path) -> None:
    """Remove what killed writers left behind in a cache's folder of catalogs, and what is old or was long not used.

    Args:
        folder: the cache.
    """
    there = [Path(file.path) for file in listed(folder / CATALOGS)]
    for path in there:
        with suppress(OSError):  # another process was faster, or the folder cannot be written
            if path.suffix == ".tmp" and files.abandoned(path):
                path.unlink()
    dated = {}
    for path in there:
        with suppress(OSError):
            if READING.fullmatch(path.name):
                dated[path] = path.lstat().st_mtime
    for i, path in enumerate(sorted(dated, key=lambda path: -dated[path])):
        with suppress(OSError):
            if i >= NEWEST or unused(path):
                path.unlink()


def unused(path: Path) -> bool:
    """Return whether nobody has written or read a file for UNUSED."""
    stat = path.lstat()
    return time.time() - max(stat.st_mtime, stat.st_atime) > UNUSED


@dataclass
class Kept:
    """What a cache holds of one entry, or its compiled programs, or what it has of catalogs.

    Attributes:
        name: key of the entry; empty for programs and catalogs.
        paths: the files.
        cells: number of finished blocks of runs.
        checkpoints: number of unfinished ones.
        size: [byte].
    """

    name: str
    paths: list[Path] = field(default_factory=list)
    cells: int = 0
    checkpoints: int = 0
    size: int = 0

    def add(self, file: os.DirEntry[str]) -> None:
        """Count a file."""
        with suppress(OSError):  # gone
            self.size += file.stat(follow_symlinks=False).st_size
            self.paths.append(Path(file.path))
            self.cells += file.name.endswith(".nc")
            self.checkpoints += file.name.endswith(".part")


def kept_runs(folder: Path) -> list[Kept]:
    """List what a cache holds, entry by entry; files of any other name are not the cache's."""
    made = []
    for entry in sorted(listed(folder / "runs"), key=lambda e: e.name):
        if entry.is_dir(follow_symlinks=False):
            made.append(Kept(entry.name))
            for file in listed(Path(entry.path)):
                if RUN.fullmatch(file.name) or _is_part(file.name):
                    made[-1].add(file)
    return made


def kept_programs(folder: Path) -> Kept:
    """Count the compiled programs, of every version of JAX and every machine."""
    made = Kept("")
    for file in _program_files(folder):
        made.add(file)
    return made


def kept_catalogs(folder: Path) -> Kept:
    """Count what reading catalogs has found."""
    made = Kept("")
    for file in listed(folder / CATALOGS):
        if READING.fullmatch(file.name) or _is_part(file.name):
            made.add(file)
    return made


def _is_part(name: str) -> bool:
    """Whether a file of that name is being written, or was when its writer was killed."""
    return name.startswith(".") and name.endswith(".tmp")


def _program_files(folder: Path) -> Iterator[os.DirEntry[str]]:
    for below in program_folders(folder):
        for file in listed(below):
            if is_program(file.name):
                yield file
            elif file.name == TUNED and file.is_dir(follow_symlinks=False):
                yield from (inner for inner in listed(Path(file.path)) if inner.is_file(follow_symlinks=False))


def is_program(name: str) -> bool:
    """Return whether JAX gives its files such names."""
    return name.endswith(("-cache", "-atime"))


def program_folders(folder: Path) -> list[Path]:
    """List the folders of compiled programs."""
    found = [e for e in listed(folder) if e.name.startswith(PROGRAMS) and e.is_dir(follow_symlinks=False)]
    return sorted(Path(e.path) for e in found)


def is_cache(folder: Path) -> bool:
    """Return whether a folder has the layout of a cache."""
    return (folder / "runs").is_dir() or bool(program_folders(folder) or kept_catalogs(folder).paths)


def clear(folder: Path, entries: list[str] | None = None) -> int:
    """Remove the runs of entries, or all that is kept; return how many bytes that were.

    Only what `kept_runs`, `kept_programs` and `kept_catalogs` list goes; a folder goes if nothing else is in it.

    Raises:
        OSError: something cannot be removed, or the folder has not the layout of a cache.
    """
    if not is_cache(folder):
        raise NotADirectoryError(errno.ENOTDIR, "no cache of bestiary", str(folder))
    freed = 0
    for kept in kept_runs(folder):
        if entries is None or kept.name in entries:
            for path in kept.paths:
                path.unlink(missing_ok=True)
            with suppress(OSError):  # something else lies in it
                (folder / "runs" / kept.name).rmdir()
            freed += kept.size
    if entries is None:
        for kept in (kept_programs(folder), kept_catalogs(folder)):
            for file in kept.paths:
                file.unlink(missing_ok=True)
            freed += kept.size
        for below in program_folders(folder):
            (below / CHECKED).unlink(missing_ok=True)
            for emptied in (below / TUNED, below):
                with suppress(OSError):
                    emptied.rmdir()
        for below in (folder / "runs", folder / CATALOGS):
            with suppress(OSError):
                below.rmdir()
    return freed
