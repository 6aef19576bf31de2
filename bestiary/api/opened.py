"""Open files of runs and of maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from bestiary.api import accessor
from bestiary.api.datasets import in_words, own_attrs, stack
from bestiary.train import runs

assert accessor  # whoever opens runs has the accessor `.bestiary`


def open_runs(file: str | Path) -> xr.Dataset:
    """Open what `bestiary run --out` or `bestiary map --out` wrote.

    Args:
        file: a netCDF file.

    Returns:
        Of runs: dims (seed, step), as `run` of an entry returns them. Of a map: the knobs as dims, states and phases in
        words. The accessor `.bestiary` is there.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no such file, or is damaged; in one line.

    Examples:
        >>> import tempfile, bestiary
        >>> runs = bestiary.load("period_doubling", keep=False).run(seeds=2, steps=50, progress=False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = runs.bestiary.save(f"{folder}/runs.nc")
        ...     bestiary.open_runs(file).identical(runs)
        True
    """
    ds = runs.read(Path(file))
    if "setting" not in ds.dims:
        return in_words(ds.drop_attrs(deep=False).assign_attrs(own_attrs(ds)))
    if ds.sizes["setting"] == 1:
        return stack([ds], {})
    turned = [str(n) for n, c in ds.coords.items() if c.dims == ("setting",) and np.unique(c.values).size > 1]
    values = {name: np.unique(ds[name].values).tolist() for name in turned}
    if len(turned) != 1 or len(values[turned[0]]) != ds.sizes["setting"]:
        return ds
    order = np.argsort(ds[turned[0]].values)
    return stack([ds.isel(setting=[k]) for k in order], values)
