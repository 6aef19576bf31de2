"""A map: what was found over a grid of knobs, as a table, in words and as a figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import xarray as xr

from bestiary.api.datasets import in_words
from bestiary.maps.boundary import Crossing, no_crossing
from bestiary.maps.explore import Exploration
from bestiary.maps.factorise import Factorisation
from bestiary.maps.laws import Fit
from bestiary.train import runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class GridMap:
    """What the detector says over a grid of knobs.

    Args:
        found: what was trained and judged.
    """

    def __init__(self, found: Exploration) -> None:
        self._found = found

    @property
    def data(self) -> xr.Dataset:
        """Dims (*knobs, seed): `state` and `phase` in words, `onset`, `last_step`, every effect by its name."""
        return in_words(self._found.table)

    @property
    def boundaries(self) -> tuple[Crossing, ...]:
        """Where along a single knob the rate crosses one half, each with its bracket."""
        return self._found.crossings

    @property
    def laws(self) -> tuple[Fit, ...]:
        """The forms of law fitted along a single knob, the likeliest first."""
        return self._found.laws

    @property
    def factorisation(self) -> Factorisation | None:
        """Whether the onset or effect is a product over two knobs, with what is left; None for another number."""
        return self._found.factorisation

    def to_frame(self) -> pd.DataFrame:
        """Return a row per point: rate, commonest state or phase, median onset of the runs that have one."""
        data, axes = self.data, [axis.name for axis in self._found.plan.axes]
        found = (data["state"] == "found").mean("seed").rename("rate")
        onset = data["onset"].median("seed").rename("onset")
        words = xr.where(data["phase"] == "none", data["state"], data["phase"])
        frame = words.rename("commonest").to_dataframe()["commonest"].groupby(level=axes, sort=False)
        commonest = frame.agg(lambda some: some.value_counts().index[0])
        return pd.concat([found.to_dataframe()["rate"], commonest, onset.to_dataframe()["onset"]], axis=1)

    def plot(self) -> Figure:
        """Draw the map: rates and onsets along one knob, phases over two or three."""
        from bestiary.api.drawn import drawn
        from bestiary.figures.maps import draw

        return drawn(draw(self._found))

    def save(self, file: str | Path) -> Path:
        """Write the table to a netCDF file that `open_runs` reads; return its path."""
        runs.write(runs.seal(self._found.table), Path(file))
        return Path(file)

    def summary(self) -> list[str]:
        """Say in words where boundaries lie, which law describes the medians, and whether a quantity factorises."""
        plan, found = self._found.plan, self._found
        names = " x ".join(f"{axis.name} ({len(axis.values)})" for axis in plan.axes)
        lines = [f"{plan.setup.name} over {names}, {plan.seeds} seeds a point, root {plan.root}"]
        if found.factorisation is not None:
            lines.append(found.factorisation.words(*(axis.name for axis in plan.axes)))
        if found.line is not None:
            lines += [c.words(found.boundary_of, plan.axes[0].name) for c in found.crossings] or [
                no_crossing(found.line.counts(found.boundary_of), found.boundary_of)
            ]
            if found.laws:
                best = found.laws[0]
                values = ", ".join(f"{name} {value:.4g}" for name, value in best.parameters.items())
                lines.append(f"{found.of}: {best.form} law, {values}")
            elif found.trouble:
                lines.append(f"no law of {found.of}: {found.trouble}")
        return lines

    def __repr__(self) -> str:
        table = self.to_frame().to_string(max_rows=24, float_format="{:.4g}".format)
        return "\n".join([*self.summary(), table])

    def _repr_html_(self) -> str:
        from html import escape

        said = "".join(f"<p>{escape(line)}</p>" for line in self.summary())
        return said + self.to_frame().to_html(max_rows=24, float_format="{:.4g}".format)
