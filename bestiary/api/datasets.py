"""Data sets as users of xarray expect them: the knobs that were turned are dims, the others scalar coordinates."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import xarray as xr

INNER = ("seed", "step", "probe_step", "effect")  # dims of one setting


def stack(parts: Sequence[xr.Dataset], turned: Mapping[str, Sequence[Any]]) -> xr.Dataset:
    """Join the runs of the points of a grid.

    Args:
        parts: dims (setting: 1, seed, ...), one for each point, the last of the turned values fastest.
        turned: {knob or static value: its values}.

    Returns:
        dims (*turned, seed, step, ...); runs of different length are filled with NaN.
    """
    plain = [part.isel(setting=0).drop_attrs(deep=False).assign_attrs(own_attrs(part)) for part in parts]

    def join(some: Sequence[xr.Dataset], names: Sequence[str]) -> xr.Dataset:
        if not names:
            return some[0]
        name, values = names[0], list(turned[names[0]])
        size = len(some) // len(values)
        below = [join(some[i * size : (i + 1) * size], names[1:]) for i in range(len(values))]
        below = [one.drop_vars(name, errors="ignore") for one in below]
        at = xr.DataArray(values, dims=name, name=name)
        return xr.concat(below, at, join="outer", combine_attrs="drop_conflicts", data_vars="all", coords=["last_step"])

    return join(plain, list(turned))


def own_attrs(part: xr.Dataset) -> dict[str, Any]:
    """Return the attributes, but for those by which the store knows a file."""
    return {name: value for name, value in part.attrs.items() if name not in ("digest", "fingerprint")}


def settings(ds: xr.Dataset) -> Iterator[tuple[dict[str, Any], xr.Dataset]]:
    """Yield every setting of a data set, whatever the order of its dims: its place along the turned ones, and its runs.

    The runs have dims (seed, step), (seed, probe_step) or (seed, effect).
    """
    ds = ds.transpose(..., *INNER, missing_dims="ignore")
    turned = [str(dim) for dim in ds.dims if dim not in INNER]
    for where in product(*(range(ds.sizes[dim]) for dim in turned)):
        place = dict(zip(turned, where, strict=True))
        yield {dim: ds[dim].values[i].item() for dim, i in place.items()}, ds.isel(place)


def inner(part: xr.Dataset) -> xr.Dataset:
    """Return one setting as the machine has it: dims (setting: 1, seed, ...)."""
    made = part.expand_dims("setting")
    flat = {n: ("setting", c.values.reshape(1)) for n, c in part.coords.items() if c.ndim == 0 and c.dtype.kind == "f"}
    words = [n for n, c in part.coords.items() if c.ndim == 0 and c.dtype.kind != "f"]
    made = made.drop_vars([*flat, *words]).assign_coords(flat)
    last = made["last_step"]
    if last.dims == ("seed",):
        made = made.assign_coords(last_step=(("setting", "seed"), last.values[None], last.attrs))
    return made


def in_words(ds: xr.Dataset) -> xr.Dataset:
    """Replace codes by the words of `flag_meanings`, so that `ds.phase == "grokking"` says what it says."""
    for name in list(ds.data_vars):
        meanings = ds[name].attrs.get("flag_meanings")
        if meanings and ds[name].dtype.kind in "iu":
            words = np.array([word.replace("_", " ") if name == "state" else word for word in meanings.split()])
            ds = ds.assign({name: (ds[name].dims, words[ds[name].values])})
    return ds


def attribute(ds: xr.Dataset, name: str, default: Any) -> Any:
    """Read an attribute that netCDF keeps as JSON."""
    value = ds.attrs.get(name)
    return default if value is None else json.loads(value) if isinstance(value, str) else value
