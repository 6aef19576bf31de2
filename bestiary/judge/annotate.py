"""Put findings beside the curves that they are about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module

import numpy as np
import xarray as xr

from bestiary.entry import log_schedule
from bestiary.log import Effect, Finding, State
from bestiary.train.jobs import Setup

NONE = "none"  # in place of an empty phase: netCDF gives no empty text back
WORDS = ("state", "phase", "reason")


def annotate(ds: xr.Dataset, findings: Sequence[Finding], units: Mapping[str, str] | None = None) -> xr.Dataset:
    """Add what a detector says of every run.

    Args:
        ds: dims (setting: 1, seed, ...).
        findings: one per seed.
        units: {effect: unit}, in order; default: those that the findings have.

    Returns:
        The data set with `state`, `phase`, `reason` in words and `onset` [unit of the recorded axis], dims (setting,
        seed); `effects`, dims (setting, seed, effect), NaN where a run has none, with the units as JSON in `units`.
    """
    units = units_of(findings) if units is None else units
    names = list(units)
    dims = ("setting", "seed")
    values = [[f.effects[n].value if n in f.effects else np.nan for n in names] for f in findings]
    words = {
        "state": [str(f.state) for f in findings],
        "phase": [f.phase or NONE for f in findings],
        "reason": [f.reason for f in findings],
    }
    made: dict[str, tuple] = {name: (dims, np.array([column])) for name, column in words.items()}
    onset = np.array([[f.onset for f in findings]])
    made["onset"] = (dims, onset, {"units": ds["last_step"].attrs.get("units", "step")})
    if names:
        table = np.array(values, np.float64).reshape(1, len(findings), len(names))
        made["effects"] = ((*dims, "effect"), table, {"units": json.dumps(dict(units))})
        return ds.assign(made).assign_coords(effect=np.array(names))
    return ds.assign(made)


def describe(ds: xr.Dataset, setup: Setup, label: str) -> xr.Dataset:
    """Add to the attributes what a figure of the runs needs, so that a file can be drawn where the setup is not.

    Args:
        ds: runs of one setting.
        setup: what was run.
        label: the setting in words.
    """
    p = setup.phenomenon
    log = p.schedule is log_schedule or log_steps(setup.detector)
    return ds.assign_attrs(label=label, figure=json.dumps(p.figure), log_steps=int(log))


def log_steps(detector: str) -> bool:
    """Return whether steps are drawn on a logarithmic axis: where a detector measures a ratio of steps."""
    return bool(detector) and import_module(f"bestiary.detectors.{detector}").ABOUT.log_axis


def units_of(findings: Iterable[Finding]) -> dict[str, str]:
    """Return {effect: unit} of all effects that some finding has, in the order in which they appear."""
    return {name: effect.unit for f in findings for name, effect in f.effects.items()}


def findings_of(ds: xr.Dataset) -> list[Finding]:
    """Read the findings of one setting back, dims (seed); spans are not kept.

    Raises:
        KeyError: the data set has no findings.
    """
    units = json.loads(ds["effects"].attrs["units"]) if "effects" in ds else {}
    names = [str(n) for n in ds["effect"].values] if "effects" in ds else []
    made = []
    for s in range(ds.sizes["seed"]):
        row = ds["effects"].values[s] if names else []
        effects = {n: Effect(float(v), units.get(n, "1")) for n, v in zip(names, row, strict=True) if not np.isnan(v)}
        phase = str(ds["phase"].values[s])
        state, reason = State(str(ds["state"].values[s])), str(ds["reason"].values[s])
        made.append(Finding(state, reason, float(ds["onset"].values[s]), effects, phase="" if phase == NONE else phase))
    return made
