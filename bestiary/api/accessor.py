"""The accessor `.bestiary` of data sets that hold runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from bestiary.api.datasets import attribute, inner, settings
from bestiary.api.findings import Findings
from bestiary.judge.annotate import findings_of
from bestiary.log import Log
from bestiary.train import runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 12  # settings that a figure has room for


@xr.register_dataset_accessor("bestiary")
class Runs:
    """What is special about a data set of runs: `ds.bestiary.plot()`, `ds.bestiary.findings`, `ds.bestiary.logs()`.

    Args:
        ds: as `bestiary.load(...).run(...)` or `bestiary.open_runs(FILE)` return it.
    """

    def __init__(self, ds: xr.Dataset) -> None:
        self._ds = ds

    def _checked(self) -> xr.Dataset:
        if "last_step" not in self._ds.coords or "seed" not in self._ds.dims:
            raise ValueError(
                "ds.bestiary: want runs, with dims seed and step, as `run` and `open_runs` return them; "
                "one seed stays a dim with isel(seed=[0])"
            )
        return self._ds

    def _judged(self) -> xr.Dataset:
        if "state" not in self._checked():
            raise ValueError("ds.bestiary: these runs come without findings; `detect` of their entry makes some")
        return self._ds

    @property
    def findings(self) -> Findings:
        """What the setup's detector says of every run; without the spans, which data sets do not hold."""
        found, index, turned = [], [], ()
        for place, part in settings(self._judged()):
            found += findings_of(part)
            turned = tuple(place)
            index += [(*place.values(), int(seed)) for seed in part["seed"].values]
        return Findings(found, index, [*turned, "seed"])

    @property
    def index(self) -> list[dict[str, Any]]:
        """Where every run stands: {turned knob: value, seed: number}, in the order of `findings` and `logs`."""
        return [
            {**place, "seed": int(seed)} for place, part in settings(self._checked()) for seed in part["seed"].values
        ]

    def logs(self) -> list[Log]:
        """Return the Log of every run, in the order of `findings`: what any detector reads."""
        return [log for _, part in settings(self._checked()) for log in runs.logs(inner(part))]

    def plot(self) -> Figure:
        """Draw the runs: a column per setting, a panel per channel, the onsets marked.

        Returns:
            The matplotlib figure that `bestiary check --figures` draws.

        Raises:
            ValueError: the data set holds no runs, or more settings than a figure has room for.
        """
        from bestiary.api.drawn import drawn
        from bestiary.figures import runs as drawing
        from bestiary.figures.columns import Look

        ds = self._judged()
        there = list(settings(ds))
        if len(there) > MOST:
            raise ValueError(f"{len(there)} settings; a figure has room for {MOST}, choose some with ds.sel(...)")
        labels = [
            ", ".join(f"{k} = {v:.4g}" if isinstance(v, float) else f"{k} = {v}" for k, v in w.items())
            for w, _ in there
        ]
        curves = runs.curves(ds)
        look = Look(
            figure=tuple(c for c in attribute(ds, "figure", curves) if c in ds),
            units={c: ds[c].attrs.get("units", "1") for c in curves},
            clock=(str(ds["step"].attrs.get("long_name", "step")), str(ds["step"].attrs.get("units", "step"))),
            log=bool(ds.attrs.get("log_steps", 0)),
        )
        columns = [
            (label or str(ds.attrs.get("label", "default")), inner(part), findings_of(part))
            for label, (_, part) in zip(labels, there, strict=True)
        ]
        return drawn(drawing.draw_look(str(ds.attrs.get("entry") or "runs"), look, columns))

    def save(self, file: str | Path) -> Path:
        """Write the runs to a netCDF file that `open_runs` and `bestiary detect` read; return its path.

        Raises:
            ValueError: the data set holds several settings; write them one by one.
        """
        there = list(settings(self._checked()))
        if len(there) > 1:
            raise ValueError(f"{len(there)} settings in one data set; save them one by one, as ds.sel(...).bestiary")
        path = Path(file)
        runs.write(runs.seal(inner(there[0][1])), path)
        return path
