"""Train the points of a grid and keep what the detector says of every run.

Curves are read slab by slab and let go, so a grid may be larger than memory; the runs
themselves stay in the store, cell by cell, and a grid that was interrupted goes on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jax
import numpy as np
import xarray as xr
from scipy.stats import binomtest

from bestiary.catalog.axes import Axis, Point
from bestiary.catalog.entries import Entry
from bestiary.entry import Knobs, Phenomenon, Static
from bestiary.log import Finding, State
from bestiary.train import runs
from bestiary.train.campaign import Job, Tell, execute, provenance
from bestiary.train.sources import code_of
from bestiary.train.store import Store
from bestiary.train.trainer import begin_run

SLAB = 256 * 2**20  # [byte] of curves that are held at once


@dataclass(frozen=True, eq=False)
class Setup:
    """An entry's setup with a hash of its sources; like the phenomenon, hashed by identity."""

    entry: Entry
    phenomenon: Phenomenon
    code: str

    @classmethod
    def of(cls, entry: Entry, phenomenon: Phenomenon) -> Setup:
        """The setup of an entry."""
        return cls(entry, phenomenon, code_of(entry.key))


@dataclass(frozen=True)
class Request:
    """Runs that are wanted: seeds 0..seeds-1 of one point of one setup on one root."""

    setup: Setup
    knobs: Knobs
    static: Static
    seeds: int
    root: int


@dataclass(frozen=True)
class Answer:
    """What became of the runs of a request.

    Attributes:
        findings: (S) one per seed.
        last: (S) [step] how far each run was taken.
        quantum: [step] interval between records; 0 if it is not constant.
    """

    findings: tuple[Finding, ...]
    last: tuple[float, ...]
    quantum: float

    def rate(self, name: str = "found") -> int:
        """Number of runs in the state or phase of that name."""
        return sum(name in (f.state, f.phase) for f in self.findings)

    def limits(self, name: str = "found", confidence: float = 0.95) -> tuple[float, float]:
        """Clopper-Pearson limits of the share of runs in that state or phase."""
        interval = binomtest(self.rate(name), len(self.findings)).proportion_ci(confidence)
        return interval.low, interval.high


def curve_bytes(p: Phenomenon, static: Static) -> int:
    """[byte] The recorded curves of one run."""
    records = len(p.schedule(static))
    abstract = jax.eval_shape(lambda k: begin_run(p, static, k, jax.numpy.uint32(0), jax.numpy.uint32(0)), p.knobs)
    seen = jax.eval_shape(lambda c: p.observe(c.state, c.data, c.knobs, static), abstract)
    probe = p.probe
    probed = jax.eval_shape(lambda c: probe(c.state, c.data, c.knobs, static), abstract) if probe else {}
    return 4 * (len(seen) * records + len(probed) * -(-records // p.probe_every))


def jobs_of(requests: Sequence[Request]) -> Iterator[tuple[Job, list[Request]]]:
    """Jobs for requests, each with the requests it answers, in order; a job has one static part and fits a slab."""
    groups: dict[tuple, list[Request]] = {}
    for request in dict.fromkeys(requests):
        groups.setdefault((request.setup.entry.key, request.root, tuple(request.static)), []).append(request)
    for same in groups.values():
        setup, static = same[0].setup, same[0].static
        room = max(1, SLAB // max(1, curve_bytes(setup.phenomenon, static)))
        slab: list[Request] = []
        for request in same:
            if slab and sum(r.seeds for r in slab) + request.seeds > room:
                yield _job(slab), slab
                slab = []
            slab.append(request)
        yield _job(slab), slab


def _job(same: Sequence[Request]) -> Job:
    one = same[0]
    knobs, seeds = tuple(r.knobs for r in same), tuple(r.seeds for r in same)
    return Job(one.setup.entry.key, one.setup.phenomenon, one.static, knobs, seeds, one.root, one.setup.code)


def answer(requests: Sequence[Request], cabinet: Store, tell: Tell = lambda p: None) -> dict[Request, Answer]:
    """Run what is not in the store yet, and detect.

    Args:
        requests: what is wanted; repetitions cost nothing.
        cabinet: where runs are kept.
        tell: called with each Progress.
    """
    from bestiary.judge.check import quantum

    planned = list(jobs_of(requests))
    answers: dict[Request, Answer] = {}
    for i, ds in execute([job for job, _ in planned], cabinet, tell):
        detect, grain = planned[i][0].phenomenon.detect, quantum(ds["step"].values)
        for k, request in enumerate(planned[i][1]):
            part = ds.isel(setting=[k], seed=slice(0, request.seeds))
            findings = tuple(detect(log) for log in runs.logs(part))
            last = tuple(float(v) for v in part["last_step"].values[0])
            answers[request] = Answer(findings, last, grain)
    return answers


def table(
    setup: Setup, axes: Sequence[Axis], points: Sequence[Point], answers: Sequence[Answer], root: int
) -> xr.Dataset:
    """What the detector says over a grid, with the knobs as dims.

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
    dims, static = [a.name for a in axes] + ["seed"], [len(a.values) for a in axes] + [len(answers[0].findings)]
    flat = [f for a in answers for f in a.findings]
    states, phases = [str(s) for s in State], ["none", *sorted({f.phase for f in flat if f.phase})]

    def grid(values, dtype: type = np.float64):
        return np.asarray(values, dtype).reshape(static)

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
    coords |= {"seed": np.arange(static[-1], dtype=np.int32)}
    first = points[0]
    fixed = {k: v for k, v in {**first.knobs._asdict(), **first.static._asdict()}.items() if k not in dims}
    job = _job([Request(setup, first.knobs, first.static, static[-1], root)])
    attrs = provenance(job, job.cells()[0][0]) | {"fixed": fixed, "detector": setup.entry.detector}
    del attrs["static"], attrs["steps_planned"]  # in `fixed`, or along an axis
    return xr.Dataset(variables, coords, {k: runs.storable(v) for k, v in attrs.items()})
