"""Reproduce entries and judge their claims: catalog -> jobs -> runs -> findings -> verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import xarray as xr

from bestiary.catalog.claims import Case
from bestiary.catalog.entries import Entry
from bestiary.catalog.read import check_against
from bestiary.entry import Phenomenon
from bestiary.judge.verdict import ALPHA, Outcome, Verdict, judge
from bestiary.log import Finding
from bestiary.train import runs
from bestiary.train.campaign import Job, Tell, execute
from bestiary.train.sources import code_of
from bestiary.train.store import Store


@dataclass(frozen=True)
class CaseResult:
    """One case of one entry, run and judged on one root seed.

    Attributes:
        entry: the catalog's block.
        case: the case.
        root: root seed.
        runs: dims (setting: 1, seed, step).
        findings: one per seed.
        verdicts: one per claim.
    """

    entry: Entry
    case: Case
    root: int
    runs: xr.Dataset
    findings: list[Finding]
    verdicts: list[Verdict]

    @property
    def failed(self) -> bool:
        """Whether a claim fails."""
        return any(v.outcome is Outcome.FAILS for v in self.verdicts)


class NotInstalled(ValueError):
    """A setup needs an extra; the message says which."""


def load(entry: Entry) -> Phenomenon:
    """The setup of an entry; JAX is imported here.

    Raises:
        CatalogError: the catalog names a knob or a static value that the setup does not have.
        NotInstalled: the setup needs an extra.
    """
    phenomenon = import_module(f"bestiary.phenomena.{entry.key}").PHENOMENON
    check_against(entry, phenomenon)
    extras = {extra for module, extra in phenomenon.needs.items() if find_spec(module) is None}
    if extras:
        raise NotInstalled(
            f"{entry.key}: needs what is not installed; pip install 'bestiary[{','.join(sorted(extras))}]'"
        )
    return phenomenon


def jobs_of(entry: Entry, root: int, seeds: int | None = None) -> list[tuple[Job, list[Case]]]:
    """The jobs of an entry, one for each static part; its cases are the job's settings, in order.

    Args:
        entry: the catalog's block.
        root: root seed.
        seeds: number of seeds of every case; default: the case's own.
    """
    p, code = load(entry), code_of(entry.key)
    groups: dict[tuple, list[Case]] = {}
    for case in entry.cases.values():
        groups.setdefault(tuple(p.static._replace(**case.static)), []).append(case)
    return [
        (
            Job(
                entry.key,
                p,
                type(p.static)(*static),
                tuple(p.knobs._replace(**case.knobs) for case in cases),
                tuple(seeds or case.seeds for case in cases),
                root,
                code,
            ),
            cases,
        )
        for static, cases in groups.items()
    ]


def quantum(steps: np.ndarray) -> float:
    """[step] Interval between records if it is constant, else 0."""
    gaps = np.unique(np.diff(steps)[:-1]) if len(steps) > 2 else np.diff(steps)
    return float(gaps[0]) if gaps.size == 1 else 0.0


def check(
    entries: Sequence[Entry],
    cabinet: Store,
    *,
    roots: Sequence[int],
    seeds: int | None = None,
    alpha: float = ALPHA,
    tell: Tell = lambda p: None,
) -> Iterator[CaseResult]:
    """Run every case of the entries on every root and judge it, as programs become ready.

    Args:
        entries: what to check.
        cabinet: where runs are kept.
        roots: root seeds.
        seeds: number of seeds of every case; default: the case's own.
        alpha: false-alarm rate of one claim.
        tell: called with each Progress.
    """
    planned = [pair for root in roots for entry in entries for pair in jobs_of(entry, root, seeds)]
    by_key = {entry.key: entry for entry in entries}
    for i, ds in execute([job for job, _ in planned], cabinet, tell):
        job, cases = planned[i]
        step = quantum(ds["step"].values)
        for k, (case, n) in enumerate(zip(cases, job.seeds, strict=True)):
            part = ds.isel(setting=[k], seed=slice(0, n))
            findings = [job.phenomenon.detect(log) for log in runs.logs(part)]
            verdicts = judge(case.claims, findings, quantum=step, alpha=alpha)
            yield CaseResult(by_key[job.entry], case, job.root, part, findings, verdicts)
