"""Train the points of a grid and keep what the detector says of every run.

Curves are read slab by slab and let go, so a grid may be larger than memory; the runs
themselves stay in the store, cell by cell, and a grid that was interrupted goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jax
from scipy.stats import binomtest

from bestiary.catalog.entries import Entry
from bestiary.entry import Knobs, Phenomenon, Static
from bestiary.log import Finding
from bestiary.train import runs
from bestiary.train.campaign import Job, Tell, execute
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
