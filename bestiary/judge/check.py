"""Reproduce the cases of entries and judge their claims: runs -> findings -> verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr

from bestiary.catalog.claims import Case
from bestiary.catalog.entries import Entry
from bestiary.judge.outcome import ALPHA, Outcome, Verdict
from bestiary.judge.records import waiting_times
from bestiary.judge.rounds import Asking, drive
from bestiary.judge.setup import Setup
from bestiary.judge.verdict import judge
from bestiary.log import Finding
from bestiary.train.event import OnProgress
from bestiary.train.executors.protocol import Executor
from bestiary.train.jobs import Request
from bestiary.train.store import Store


@dataclass(frozen=True)
class CaseResult:
    """One case of one entry, run and judged on one root seed.

    Attributes:
        setup: what was run.
        case: the case.
        root: root seed.
        runs: dims (setting: 1, seed, step).
        findings: one per seed.
        verdicts: one per claim.
    """

    setup: Setup
    case: Case
    root: int
    runs: xr.Dataset
    findings: list[Finding]
    verdicts: list[Verdict]

    @property
    def entry(self) -> Entry:
        """The catalog's block."""
        return self.setup.entry

    @property
    def failed(self) -> bool:
        """Whether a claim fails."""
        return any(v.outcome is Outcome.FAILS for v in self.verdicts)


def judge_case(
    setup: Setup, case: Case, root: int, seeds: int | None = None, alpha: float = ALPHA
) -> Asking[CaseResult]:
    """Ask for the runs of a case and judge its claims.

    Args:
        setup: of the entry.
        case: one of the entry's cases.
        root: root seed.
        seeds: number of seeds; default: the case's own.
        alpha: false-alarm rate of one claim.
    """
    p = setup.phenomenon
    knobs, static = p.knobs._replace(**case.knobs), p.static._replace(**case.static)
    (seen,) = yield [Request(setup, knobs, static, seeds or case.seeds, root, curves=True)]
    assert seen.curves is not None  # they were asked for
    verdicts = judge(
        case.claims, seen.findings, resolution=seen.resolution, waits=waiting_times(setup.detector), alpha=alpha
    )
    return CaseResult(setup, case, root, seen.curves, list(seen.findings), verdicts)


def tasks(setup: Setup, root: int, seeds: int | None = None, alpha: float = ALPHA) -> list[Asking[CaseResult]]:
    """List what judges each case of an entry, to be driven together; see `judge_case`."""
    return [judge_case(setup, case, root, seeds, alpha) for case in setup.entry.cases.values()]


def check(
    setups: Sequence[Setup],
    store: Store,
    *,
    roots: Sequence[int],
    seeds: int | None = None,
    alpha: float = ALPHA,
    on_progress: OnProgress = lambda p: None,
    executor: Executor | None = None,
) -> list[CaseResult]:
    """Run every case of the entries on every root and judge it; by entry, then root, then case.

    Args:
        setups: of the entries.
        store: where runs are kept.
        roots: root seeds.
        seeds: number of seeds of every case; default: the case's own.
        alpha: false-alarm rate of one claim.
        on_progress: called with each Progress.
        executor: who trains; default: this process.
    """
    asking = [t for s in setups for root in roots for t in tasks(s, root, seeds, alpha)]
    return drive(asking, store, on_progress, executor)
