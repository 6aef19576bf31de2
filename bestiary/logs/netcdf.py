"""netCDF of our own, as `bestiary run --out` writes it; whatever else is in such a file is refused in one line."""

from __future__ import annotations

import math
from pathlib import Path
from struct import error as StructError
from struct import unpack_from
from typing import TYPE_CHECKING

from bestiary.logs.extras import reason
from bestiary.logs.run_table import Column, NotALog, RunTable, Unreadable

if TYPE_CHECKING:
    import xarray as xr

WANTED = "want netCDF that `bestiary run --out` wrote"
SIZE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8}  # [byte] of a value of each type
TAGS = (0, 10, 11, 12)  # absent, dimensions, variables, attributes


def read_netcdf(path: Path) -> list[RunTable]:
    """Read every run; its channels have their names already.

    Raises:
        Unreadable: the file is damaged, declares more than it holds, or has other dimensions.
        NotALog: its axis counts no steps.
    """
    from bestiary.train import runs  # xarray is half a second

    try:
        _check_header(path.read_bytes())
        ds = runs.read(path)
        _check_dimensions(ds, runs.curves(ds))
        logs = [(k, s, log) for k in range(ds.sizes["setting"]) for s, log in enumerate(runs.logs(ds, k))]
        unit, seeds = ds["step"].attrs.get("units", "step"), ds["seed"].values
    except (ValueError, KeyError) as error:
        told = reason(error).removeprefix(f"{path}: ")
        raise Unreadable(f"{path}: {told}; {WANTED}") from error
    if unit != "step":
        raise NotALog(f"{path}: its axis counts {unit}, not steps; a sweep is no training log")
    many, made = ds.sizes["setting"] > 1, []
    for k, s, log in logs:
        name = f"setting {k}, seed {seeds[s]}" if many else f"seed {seeds[s]}"
        columns = {name: Column(curve.steps, curve.values) for name, curve in log.channels.items()}
        rows = max((curve.steps.size for curve in log.channels.values()), default=0)
        made.append(RunTable(name, columns, rows=rows, clock="the axis of each channel", standard=True))
    return made


def _check_dimensions(ds: xr.Dataset, curves: list[str]) -> None:
    """Refuse a data set whose variables have other dimensions than runs have.

    Raises:
        ValueError: it is one.
    """
    wanted = {"step": ("step",), "seed": ("seed",), "last_step": ("setting", "seed")}
    wanted |= {name: ("setting", "seed", str(ds[name].dims[-1])) for name in curves}
    wanted |= {str(ds[name].dims[-1]): (str(ds[name].dims[-1]),) for name in curves}
    for name, dims in wanted.items():
        if name not in ds.variables:
            raise ValueError(f"has no variable `{name}`")
        if ds[name].dims != dims:
            raise ValueError(f"`{name}` has the dimensions ({', '.join(map(str, ds[name].dims))}), not {dims}")
        if ds[name].dtype.kind not in "iuf":
            raise ValueError(f"`{name}` holds no numbers")


def _check_header(content: bytes) -> None:
    """Refuse a netCDF file of version 3 whose header declares more than the file holds, before anything is allocated.

    Variables may share bytes, so that a small file declares large ones: the sum of all is compared, too.

    Raises:
        ValueError: it does, or the header makes no sense.
    """
    if content[:3] != b"CDF" or content[3:4] not in (b"\1", b"\2"):
        raise ValueError("not a netCDF file of version 3")
    try:
        declared, ends = _declared(content, wide=content[3:4] == b"\2")
    except (StructError, IndexError, KeyError) as error:
        raise ValueError("the header is damaged") from error
    if declared > len(content) or ends > len(content):
        most = max(declared, ends)
        raise ValueError(f"the header declares {most:,} bytes, the file has {len(content):,}; is it cut off?")


def _declared(content: bytes, wide: bool) -> tuple[int, int]:
    """[byte] of all variables together, and [byte] where the last of them ends."""
    at = 4

    def integer(form: str = ">i", size: int = 4) -> int:
        nonlocal at
        (value,) = unpack_from(form, content, at)
        at += size
        if value < 0:
            raise KeyError(value)
        return value

    def skip(size: int) -> None:
        nonlocal at
        at += -(-size // 4) * 4

    def entries() -> int:
        tag, many = integer(), integer()
        if tag not in TAGS or many > len(content):
            raise KeyError(tag)
        return many

    def attributes() -> None:
        for _ in range(entries()):
            skip(integer())
            skip(SIZE[integer()] * integer())

    records = integer()
    lengths = []
    for _ in range(entries()):
        skip(integer())
        lengths.append(integer())
    attributes()
    total = ends = 0
    for _ in range(entries()):
        skip(integer())
        dims = [integer() for _ in range(integer())]
        attributes()
        size = math.prod(lengths[d] or records for d in dims) * SIZE[integer()]
        integer(">I")  # the size in words of its own, which a file may state wrongly
        begin = integer(">q", 8) if wide else integer()
        spread = bool(dims) and not lengths[dims[0]]  # records of several variables alternate
        total, ends = total + size, max(ends, begin if spread else begin + size)
    return total, ends
