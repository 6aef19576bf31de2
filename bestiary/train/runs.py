"""Recorded runs as an xarray.Dataset, and back to the Logs that detectors read.

Variables have dims (setting, seed, step); costly channels (setting, seed, probe_step).
Knobs are coordinates along `setting`. `last_step` (setting, seed) is the last step a run
was taken to: values beyond it do not exist and are stored as NaN only where runs of
different length share an array. Saved and read back, a dataset is identical.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from bestiary.entry import Knobs, Phenomenon
from bestiary.files import replace_with
from bestiary.log import Log, Series


def dataset(
    p: Phenomenon,
    knobs: Knobs,
    seeds: Sequence[int],
    steps: np.ndarray,
    seen: Mapping[str, np.ndarray],
    probe_steps: np.ndarray,
    probed: Mapping[str, np.ndarray],
    attrs: Mapping[str, Any],
    last: Sequence[int] | None = None,
) -> xr.Dataset:
    """One setting's runs.

    Args:
        p: the setup, for the channels' units.
        knobs: the setting.
        seeds: (S,) seed numbers.
        steps: (T,) [step] recorded steps.
        seen: {channel: (S, T)}.
        probe_steps: (U,) [step] recorded steps of the costly channels.
        probed: {channel: (S, U)}.
        attrs: provenance; what is neither text nor a number that netCDF 3 can hold is stored as JSON.
        last: (S,) [step] the last step of each run, beyond which it has no values; default: the last of `steps`.
    """
    dims = ("setting", "seed")
    ends = np.full(len(seeds), steps[-1], np.int32) if last is None else np.asarray(last, np.int32)

    def ran(at: np.ndarray, values: np.ndarray) -> np.ndarray:
        return np.where(np.asarray(at) <= ends[:, None], values, np.float32(np.nan))[None]

    variables = {c: ((*dims, "step"), ran(steps, v)) for c, v in seen.items()}
    variables |= {c: ((*dims, "probe_step"), ran(probe_steps, v)) for c, v in probed.items()}
    coords = {name: ("setting", [float(value)]) for name, value in knobs._asdict().items()}
    coords |= {"seed": np.asarray(seeds, np.int32), "step": np.asarray(steps, np.int32)}
    coords |= {"last_step": (dims, ends[None])}
    if probed:
        coords["probe_step"] = np.asarray(probe_steps, np.int32)
    return named(xr.Dataset(variables, coords, {k: storable(v) for k, v in attrs.items()}), p)


def named(ds: xr.Dataset, p: Phenomenon) -> xr.Dataset:
    """Give curves the units that the setup states today; a unit decides no run, and a stored one may be older."""
    for name in ds.data_vars:
        ds[name].attrs["units"] = p.units.get(str(name), "1")
    for axis in {"step", "probe_step"} & set(ds.coords):
        ds[axis].attrs |= {"long_name": p.clock[0], "units": p.clock[1]}
    ds["last_step"].attrs["units"] = p.clock[1]
    return ds


def storable(value: Any) -> str | int | float:
    """The value, or its JSON where netCDF 3 would not give it back; its integers have 32 bits, it has no booleans."""
    if isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31:
        return value
    return value if isinstance(value, str | float) else json.dumps(value)


def join(parts: Sequence[Sequence[xr.Dataset]]) -> xr.Dataset:
    """Settings, each a sequence of blocks of seeds, as one dataset; its attributes are what all agree on.

    Axes are the unions of those of the parts. What a part does not have is NaN.
    """
    every = [ds for blocks in parts for ds in blocks]
    if len(every) == 1:
        return every[0]
    first = every[0]
    axes = {
        dim: np.unique(np.concatenate([ds.variables[dim].values for ds in every]))
        for dim in first.dims
        if dim in first.coords
    }
    starts = np.cumsum([0] + [blocks[0].sizes["setting"] for blocks in parts])
    sizes = {dim: len(values) for dim, values in axes.items()} | {"setting": int(starts[-1])}
    places: list[dict[Any, np.ndarray]] = [
        {"setting": starts[k] + np.arange(ds.sizes["setting"])}
        | {dim: np.searchsorted(values, ds.variables[dim].values) for dim, values in axes.items()}
        for k, blocks in enumerate(parts)
        for ds in blocks
    ]
    whole = {}
    for name in (n for n in first.variables if n not in axes):
        kind = first.variables[name]
        pieces = [ds.variables[name].values for ds in every]
        values = np.full([sizes[str(dim)] for dim in kind.dims], np.nan, np.result_type(kind.dtype, np.float32(0)))
        for piece, place in zip(pieces, places, strict=True):
            values[np.ix_(*(place[str(dim)] for dim in kind.dims))] = piece
        there = sum(piece.size for piece in pieces) == values.size or not np.isnan(values).any()
        whole[name] = (kind.dims, values.astype(kind.dtype) if there else values, kind.attrs)
    coords = {dim: (dim, values, first.variables[dim].attrs) for dim, values in axes.items()}
    coords |= {name: whole.pop(name) for name in first.coords if name in whole}
    agreed = {k: v for k, v in first.attrs.items() if all(k in ds.attrs and ds.attrs[k] == v for ds in every)}
    return xr.Dataset(whole, coords, agreed)


def curves(ds: xr.Dataset) -> list[str]:
    """Name the recorded curves; what else a data set holds, findings say, has no axis of steps."""
    return [str(c) for c in ds.data_vars if ds[c].dims[-1:] in (("step",), ("probe_step",))]


def logs(ds: xr.Dataset, setting: int = 0, seeds: int | None = None) -> Iterator[Log]:
    """Yield the Logs of one setting, seed by seed; what a run was not taken to is left out.

    Args:
        ds: runs.
        setting: number of the setting.
        seeds: how many seeds; default: all.
    """
    variables = {c: ds.variables[c] for c in curves(ds)}
    values = {c: v.values[setting] for c, v in variables.items()}
    axes = {str(dim): ds.variables[dim].values.astype(float) for dim in {v.dims[-1] for v in variables.values()}}
    for s, last in enumerate(ds.variables["last_step"].values[setting][:seeds]):
        ran = {dim: at[: np.count_nonzero(at <= last)] for dim, at in axes.items()}
        steps = {c: ran[str(v.dims[-1])] for c, v in variables.items()}
        yield Log({c: Series(at, values[c][s][: len(at)]) for c, at in steps.items()})


def digest(ds: xr.Dataset) -> str:
    """SHA-256 over every array and every attribute but the digest itself."""
    h = hashlib.sha256()
    for name in sorted(map(str, ds.variables)):
        v = ds.variables[name]
        values = np.ascontiguousarray(v.values)
        kind = (name, name in ds.coords, values.dtype.str, values.shape, v.dims, sorted(v.attrs.items()))
        h.update(repr(kind).encode())
        h.update(values.tobytes())
    h.update(repr(sorted((k, v) for k, v in ds.attrs.items() if k != "digest")).encode())
    return h.hexdigest()


def write(ds: xr.Dataset, path: Path) -> None:
    """Write netCDF whole or not at all: a reader never sees a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_with(path, encode(ds))


def encode(ds: xr.Dataset) -> bytes:
    """Return the content of a netCDF file."""
    plain = {name: {"_FillValue": None} for name in ds.variables}
    return bytes(ds.to_netcdf(engine="scipy", format="NETCDF3_64BIT", encoding=plain))


def read(path: Path) -> xr.Dataset:
    """Read netCDF into memory.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it cannot be read, is truncated, is no netCDF file, or does not match its digest.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"{path}: not a readable netCDF file ({error})") from error
    return decode(content, str(path))


def decode(content: bytes, name: str) -> xr.Dataset:
    """Read the content of a netCDF file.

    Args:
        content: of the file.
        name: what it is called in errors.

    Raises:
        ValueError: it is truncated, is no netCDF file, or does not match its digest.
    """
    try:
        # From memory: of a file, scipy keeps a map open after it has stumbled.
        ds = xr.load_dataset(io.BytesIO(content), engine="scipy", decode_times=False, mask_and_scale=False)
    except Exception as error:  # the backend raises whatever its parser stumbles on
        why = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"{name}: not a readable netCDF file ({why})") from error
    native = {n: v.astype(str if v.dtype == object else v.dtype.newbyteorder("=")) for n, v in ds.variables.items()}
    attrs = {k: v.item() if isinstance(v, np.generic) else v for k, v in ds.attrs.items()}
    ds = xr.Dataset({n: native[n] for n in ds.data_vars}, {n: native[n] for n in ds.coords}, attrs)
    if ds.attrs.get("digest") != digest(ds):
        raise ValueError(f"{name}: the content does not match its digest")
    return ds


def seal(ds: xr.Dataset) -> xr.Dataset:
    """The same dataset with its digest in attrs."""
    return ds.assign_attrs(digest=digest(ds))
