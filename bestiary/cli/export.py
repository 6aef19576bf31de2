"""Write what was run to files: tables and curves as netCDF, with a figure of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from bestiary.figures import maps as map_figures
from bestiary.figures import paths as path_figures
from bestiary.figures import runs as run_figures
from bestiary.figures.style import save
from bestiary.judge import annotate
from bestiary.log import Finding
from bestiary.train import runs

if TYPE_CHECKING:
    from bestiary.judge.setting import Setting
    from bestiary.maps.explore import Exploration
    from bestiary.maps.judge import MapResult


def write_setting(asked: Setting, ds: xr.Dataset, findings: Sequence[Finding], folder: Path) -> list[Path]:
    """Write the runs of a setting, with what the detector says of each, as netCDF, and draw them; return the paths."""
    data, picture = folder / f"{asked.setup.name}.nc", folder / f"{asked.setup.name}.png"
    told = annotate.describe(annotate.annotate(ds, findings), asked.setup, asked.label)
    runs.write(runs.seal(told), data)
    log = annotate.log_steps(asked.setup.detector)
    figure = run_figures.draw_runs(
        asked.setup.name, asked.setup.phenomenon, ds, [list(findings)], [asked.label], log=log
    )
    save(figure, picture)
    return [data, picture]


def write_map(found: Exploration, folder: Path) -> list[Path]:
    """Write the table of a map as netCDF and draw it; return the paths."""
    name = f"{found.plan.setup.name}-{'-'.join(axis.name for axis in found.plan.axes)}"
    data, picture = folder / f"{name}.nc", folder / f"{name}.png"
    runs.write(runs.seal(found.table), data)
    save(map_figures.draw(found), picture)
    return [data, picture]


def write_path(result: MapResult, folder: Path) -> Path:
    """Draw the rungs of a path; return where the figure is."""
    picture = folder / f"{result.entry.key}-{result.block.name}.png"
    save(path_figures.draw(result), picture)
    return picture
