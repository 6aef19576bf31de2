"""A grid of runs as a table: states, phases, onsets and effects, with the knobs as dims."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import xarray as xr

from bestiary.catalog.axes import Axis, Point
from bestiary.judge.rounds import Judged
from bestiary.log import State
from bestiary.train import runs
from bestiary.train.jobs import Job, Setup
from bestiary.train.provenance import provenance


def table(
    setup: Setup, axes: Sequence[Axis], points: Sequence[Point], answers: Sequence[Judged], root: int
) -> xr.Dataset:
    """Return what the detector says over a grid, with the knobs as dims.

    Args:
        setup: the entry's setup.
        axes: of the grid.
        points: (K) every combination of the axes' values, the last axis fastest.
        answers: (K) of the points.
        root: root seed.

    Returns:
        dims (*axes, seed): `state` and `phase`, codes 0, 1, ... into the words of their attribute flag_meanings
        (phase 0 is none), `onset`, `last_step`, and every effect under its own name, NaN where a run has none.
    """
    p = setup.phenomenon
    dims, sizes = [a.name for a in axes] + ["seed"], [len(a.values) for a in axes] + [len(answers[0].findings)]
    flat = [f for a in answers for f in a.findings]
    states, phases = [str(s) for s in State], ["none", *sorted({f.phase for f in flat if f.phase})]

    def grid(values, dtype: type = np.float64):
        return np.asarray(values, dtype).reshape(sizes)

    def coded(values, words):
        meanings = " ".join(word.replace(" ", "_") for word in words)
        return dims, grid([words.index(v) for v in values], np.int32), {"flag_meanings": meanings}

    unit = {"units": p.clock[1]}
    variables = {
        "state": coded([str(f.state) for f in flat], states),
        "phase": coded([f.phase or "none" for f in flat], phases),
        "onset": (dims, grid([f.onset for f in flat]), unit),
        "last_step": (dims, grid([v for a in answers for v in a.last], np.int32), unit),
    }
    units = {name: effect.unit for f in flat for name, effect in f.effects.items()}
    for name in sorted(units.keys() - variables.keys()):
        values = [f.effects[name].value if name in f.effects else math.nan for f in flat]
        variables[name] = (dims, grid(values), {"units": units[name]})
    whole = {int: np.int32, float: np.float64, str: None}  # netCDF 3 has no longer integers
    coords = {a.name: (a.name, np.asarray(a.values, whole[type(a.values[0])])) for a in axes}
    coords |= {"seed": np.arange(sizes[-1], dtype=np.int32)}
    first = points[0]
    fixed = {k: v for k, v in {**first.knobs._asdict(), **first.static._asdict()}.items() if k not in dims}
    job = Job(setup.name, p, first.static, (first.knobs,), (sizes[-1],), root, setup.code)
    attrs = provenance(job) | {"fixed": fixed, "detector": setup.detector}
    del attrs["static"], attrs["steps_planned"]  # in `fixed`, or along an axis
    return xr.Dataset(variables, coords, {k: runs.storable(v) for k, v in attrs.items()})


def commonest(made: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the commonest phase of every cell, or state where there is no phase, and its share of the runs."""
    words = named(made)
    flat = words.reshape(-1, words.shape[-1])
    tops = [Counter(row.tolist()).most_common(1)[0] for row in flat]
    cells = words.shape[:-1]
    first = np.array([word for word, _ in tops], object).reshape(cells)
    return first, np.array([n / flat.shape[1] for _, n in tops]).reshape(cells)


def named(made: xr.Dataset) -> np.ndarray:
    """Return the phase of every run, or its state where it has none, in words; `undecided` and `diverged` go first."""
    states = np.array(made["state"].attrs["flag_meanings"].split(), object)[made["state"].values]
    phases = np.array(made["phase"].attrs["flag_meanings"].split(), object)[made["phase"].values]
    return np.where((phases == "none") | np.isin(states, ["undecided", "diverged"]), states, phases)
