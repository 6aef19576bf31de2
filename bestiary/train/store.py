"""Finished runs on disk, addressed by what made them; unfinished ones as checkpoints.

A cell is one setting and a block of seeds of one entry. Its address is a hash of all that
decides its content, so a cell that is there and valid is never run again, and a change of
the setup, a knob or a version never finds an old one.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from bestiary import cache as cached
from bestiary.files import replace_with
from bestiary.train import runs
from bestiary.train.numerics import numerics

FORMAT = 2  # of a cell's file; a new number makes old files unfindable
COMPUTING = ("jax", "jaxlib", "numpy", "optax", "flax")  # packages that every run needs
HEADER = 4096  # [byte] of an array in a checkpoint, at most


@dataclass(frozen=True)
class Cell:
    """What decides the content of one setting's block of seeds.

    Attributes:
        entry: the entry's key.
        code: hash of the source of the setup's functions and of the trainer.
        static: static values by name.
        knobs: traced values by name.
        root: root seed.
        seeds: the seed numbers.
        machine: backend, versions and flags; random streams and float rounding depend on them.
    """

    entry: str
    code: str
    static: tuple[tuple[str, Any], ...]
    knobs: tuple[tuple[str, float], ...]
    root: int
    seeds: tuple[int, ...]
    machine: tuple[tuple[str, str], ...]

    @property
    def fingerprint(self) -> str:
        """Canonical JSON of everything above."""
        return json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True)

    @property
    def address(self) -> str:
        """Name of the cell's file."""
        return hashlib.sha256(self.fingerprint.encode()).hexdigest()[:32]


def machine(packages: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """Return backend, device and versions of what computes, and the flags under which numbers are not the usual ones.

    Args:
        packages: installed packages, by the names that are imported, beside those that every run needs.
    """
    import jax

    device = jax.local_devices()[0]
    versions = {name: _version(name) for name in {*COMPUTING, *packages}}
    return tuple(sorted({"platform": device.platform, "device": device.device_kind, **numerics(), **versions}.items()))


@cache
def _version(module: str) -> str:
    """The version of an installed package by the name that is imported: that of sklearn is scikit-learn's."""
    try:
        return version(module)
    except PackageNotFoundError:
        for package in packages_distributions().get(module, ()):
            return version(package)
    return str(getattr(sys.modules.get(module), "__version__", ""))


class Store:
    """A folder of cells and checkpoints.

    Args:
        folder: where; made when first written to.
        notify: called with one line when a file had to be rejected, and once if runs cannot be kept.
    """

    def __init__(self, folder: Path, notify: Callable[[str], None] = lambda line: None) -> None:
        self.folder, self.notify, self._full = Path(folder), notify, False
        cached.sweep(self.folder)

    def path(self, cell: Cell) -> Path:
        """Where a cell lies."""
        return self.folder / cell.entry / f"{cell.address}.nc"

    def has(self, cell: Cell) -> bool:
        """Whether a file has the cell's name; only `get` knows whether it is sound."""
        try:
            return self.path(cell).is_file()
        except OSError:  # a folder that may not be entered
            return False

    def get(self, cell: Cell) -> xr.Dataset | None:
        """The cell's runs, or None if they must be run; a damaged or foreign file is reported."""
        path = self.path(cell)
        try:
            ds = runs.read(path)
        except FileNotFoundError:
            return None
        except (ValueError, OSError) as error:
            self.notify(f"{error}; running it again")
            return None
        if ds.attrs.get("fingerprint") != cell.fingerprint:
            self.notify(f"{path}: holds other runs than its name says; running them again")
            return None
        cached.mark_used(path)
        return ds

    def put(self, cell: Cell, ds: xr.Dataset) -> xr.Dataset:
        """Save a cell; return it as it will be read. Where it cannot be saved, that is said once, and all goes on."""
        ds = runs.seal(ds.assign_attrs(fingerprint=cell.fingerprint))
        try:
            runs.write(ds, self.path(cell))
        except OSError as error:
            self._unkept(error)
        return ds

    def _unkept(self, error: OSError) -> None:
        if not self._full:
            self._full = True
            why = error.strerror or type(error).__name__
            self.notify(f"{self.folder}: runs cannot be kept: {why}; they are judged all the same")

    def _checkpoint(self, cells: Sequence[Cell], lanes: int) -> Path:
        name = hashlib.sha256("".join([c.address for c in cells] + [str(lanes)]).encode()).hexdigest()[:32]
        return self.folder / cells[0].entry / f"{name}.part"

    def save_progress(self, cells: Sequence[Cell], lanes: int, window: int, leaves: Sequence[np.ndarray]) -> None:
        """Save unfinished rows, `leaves`, after `window` windows of their schedule."""
        buffer = io.BytesIO()
        np.savez(buffer, np.int64(window), *leaves)
        body = buffer.getvalue()
        path = self._checkpoint(cells, lanes)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_with(path, hashlib.sha256(body).digest() + body)
        except OSError as error:
            self._unkept(error)

    def load_progress(
        self, cells: Sequence[Cell], lanes: int, like: Sequence[np.ndarray]
    ) -> tuple[int, list[np.ndarray]] | None:
        """(windows done, leaves) of rows that a killed process left behind, or None."""
        path = self._checkpoint(cells, lanes)
        try:
            return _unpacked(path.read_bytes(), like)
        except FileNotFoundError:  # there was none, or another process has finished these rows
            return None
        except Exception as error:  # zipfile and NumPy raise whatever their parsers stumble on
            why = (str(error) or type(error).__name__).splitlines()[0]
            self.notify(f"{path}: unusable checkpoint ({why}); starting these runs again")
            return None

    def drop_progress(self, cells: Sequence[Cell], lanes: int) -> None:
        """Forget the checkpoint of rows that are finished."""
        with suppress(OSError):  # a folder that may only be read
            self._checkpoint(cells, lanes).unlink(missing_ok=True)


def _unpacked(raw: bytes, like: Sequence[np.ndarray]) -> tuple[int, list[np.ndarray]]:
    """Return (windows done, leaves) of a checkpoint's content; raises if it is not one of such leaves."""
    if hashlib.sha256(raw[32:]).digest() != raw[:32]:
        raise ValueError("the content does not match its digest")
    with zipfile.ZipFile(io.BytesIO(raw[32:])) as packed:
        room = sum(leaf.nbytes + HEADER for leaf in like) + HEADER
        if sum(member.file_size for member in packed.infolist()) > room:
            raise ValueError("it is larger than what it would hold")
    with np.load(io.BytesIO(raw[32:])) as saved:
        window, *leaves = (saved[f"arr_{i}"] for i in range(1 + len(like)))
        spare = len(saved.files) - 1 - len(like)
    if spare or any(a.shape != b.shape or a.dtype != b.dtype for a, b in zip(leaves, like, strict=True)):
        raise ValueError("its arrays are those of another program")
    return int(window), leaves


class NoStore(Store):
    """A store that keeps nothing and knows nothing."""

    def __init__(self) -> None:
        self.notify = lambda line: None

    def has(self, cell: Cell) -> bool:
        """Nothing is known."""
        return False

    def get(self, cell: Cell) -> None:
        """Nothing is known."""

    def put(self, cell: Cell, ds: xr.Dataset) -> xr.Dataset:
        """Hand the runs back, with what decided them; nothing is read again that a digest would have to prove."""
        return ds.assign_attrs(fingerprint=cell.fingerprint)

    def save_progress(self, cells: Sequence[Cell], lanes: int, window: int, leaves: Sequence[np.ndarray]) -> None:
        """Keep nothing."""

    def load_progress(self, cells: Sequence[Cell], lanes: int, like: Sequence[np.ndarray]) -> None:
        """Nothing was kept."""

    def drop_progress(self, cells: Sequence[Cell], lanes: int) -> None:
        """Nothing was kept."""
