"""Laws, boundaries, paths and interactions: from what an entry's detector says along a knob to verdicts.

Each is a generator that asks for runs and is sent what became of them; see `bestiary.judge.rounds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bestiary.catalog.axes import Axis, fit
from bestiary.catalog.claims import Claim
from bestiary.catalog.entries import Entry
from bestiary.catalog.interaction_claims import Interaction, InteractionClaim
from bestiary.catalog.map_claims import Boundary, Law, MapClaim
from bestiary.catalog.path_claims import EntryPath, Rung
from bestiary.entry import Knobs, Static
from bestiary.judge import check
from bestiary.judge.check import CaseResult
from bestiary.judge.outcome import ALPHA, Judgement, Outcome, Verdict
from bestiary.judge.records import waiting_times
from bestiary.judge.rounds import Asking, Judged, drive
from bestiary.judge.setup import Setup
from bestiary.judge.verdict import judge
from bestiary.maps import boundary, laws
from bestiary.maps.interactions import cells, verdicts
from bestiary.maps.line import Line, along, refined
from bestiary.train.event import OnProgress
from bestiary.train.executors.protocol import Executor
from bestiary.train.jobs import Request
from bestiary.train.store import Store


@dataclass(frozen=True)
class RungResult:
    """What became of one rung of a path.

    Attributes:
        rung: the catalog's block.
        answer: its runs.
        verdicts: one for each claim, and last one for the rate with the cause removed.
        without: its runs with the path's cause removed; None if the path names none.
    """

    rung: Rung
    answer: Judged
    verdicts: tuple[Verdict, ...]
    without: Judged | None = None


@dataclass(frozen=True)
class MapResult:
    """One law, boundary, path or interaction of an entry, run and judged on one root seed.

    Attributes:
        setup: what was run.
        block: the law, the boundary, the path or the interaction.
        root: root seed.
        verdicts: one per claim; those of a path in the order of its rungs.
        line: what was seen along the axis; None for a path and an interaction.
        fit: the law's fit; None if it could not be made, and for others.
        rivals: the forms compared, best first.
        crossings: of a boundary.
        rungs: of a path.
        trouble: why there is no fit.
        table: of an interaction.
    """

    setup: Setup
    block: Law | Boundary | EntryPath | Interaction
    root: int
    verdicts: list[Verdict]
    line: Line | None = None
    fit: laws.Fit | None = None
    rivals: tuple[laws.Fit, ...] = ()
    crossings: tuple[boundary.Crossing, ...] = ()
    rungs: tuple[RungResult, ...] = ()
    trouble: str = ""
    table: cells.Table | None = None

    @property
    def entry(self) -> Entry:
        """The catalog's block of the whole entry."""
        return self.setup.entry

    @property
    def kind(self) -> str:
        """Law, boundary, path or interaction."""
        kinds = {Law: "law", Boundary: "boundary", EntryPath: "path", Interaction: "interaction"}
        return kinds[type(self.block)]

    def headed(self) -> list[tuple[str, Verdict]]:
        """The verdicts, those of a path each with the name of its rung, and with what is removed there."""
        heads = []
        for r in self.rungs:
            assert isinstance(self.block, EntryPath)
            removed = [f"{r.rung.name}, without {self.block.cause.removes}"] if self.block.cause and r.without else []
            heads += [r.rung.name] * len(r.rung.claims) + removed
        return list(zip(heads or [""] * len(self.verdicts), self.verdicts, strict=True))


def _setting(setup: Setup, block: Law | Boundary) -> tuple[Axis, Knobs, Static]:
    p = setup.phenomenon
    return fit(block.axis, p), p.knobs._replace(**block.knobs), p.static._replace(**block.static)


def judge_law(setup: Setup, law: Law, root: int, alpha: float = ALPHA) -> Asking[MapResult]:
    """Fit a law over its axis and judge its claims."""
    axis, knobs, static = _setting(setup, law)
    line = yield from along(setup, axis, knobs, static, law.seeds, root)
    y, cut = line.values(law.of, law.censored)
    try:
        if law.theory is None:
            x = line.variable(law.against)
        else:
            x, y = laws.over_theory(line.predicted(law.theory.formula), y)
        rivals = laws.compare(x, y, cut)
        own = laws.fit(x, y, cut, law.form)
    except ValueError as error:
        none = [_verdict(c, Judgement(Outcome.INCONCLUSIVE, "no fit", str(error)), y.size) for c in law.claims]
        return MapResult(setup, law, root, none, line, trouble=str(error))
    verdicts = [_verdict(c, laws.judge_law(c.within, own, c.of, alpha), own.n) for c in law.claims]
    return MapResult(setup, law, root, verdicts, line, own, tuple(rivals))


def judge_boundary(setup: Setup, block: Boundary, root: int, alpha: float = ALPHA) -> Asking[MapResult]:
    """Find where the rate crosses one half, and judge where it is claimed to."""
    axis, knobs, static = _setting(setup, block)
    line = yield from along(setup, axis, knobs, static, block.seeds, root)
    line = yield from refined(setup, line, block.seeds, root, block.of, block.resolution)
    counts = line.counts(block.of)
    crossings = boundary.bracket(counts, log=axis.log)
    verdicts = [
        _verdict(
            c, boundary.judge_boundary(c.within, counts, c.of, log=axis.log, alpha=alpha), sum(p.n for p in counts)
        )
        for c in block.claims
    ]
    return MapResult(setup, block, root, verdicts, line, crossings=tuple(crossings))


def _verdict(claim: MapClaim, judged: Judgement, n: int) -> Verdict:
    lo, hi = claim.interval
    outcome, measured, reason, estimate = judged
    return Verdict(claim, outcome, measured, f"{lo:g} to {hi:g}", reason, n, estimate=estimate)


def judge_path(setup: Setup, path: EntryPath, root: int, alpha: float = ALPHA) -> Asking[MapResult]:
    """Run the rungs of a path, each with and without the cause, and judge what is claimed of them."""
    p, cause = setup.phenomenon, path.cause
    knobs, static, wanted, removed = p.knobs, p.static, [], []
    for rung in path.rungs:
        knobs, static = knobs._replace(**rung.knobs), static._replace(**rung.static)
        wanted.append(Request(setup, knobs, static, path.seeds, root))
        if cause is not None:
            less = knobs._replace(**cause.knobs), static._replace(**cause.static)
            removed.append(Request(setup, *less, path.seeds, root))
    answers = yield [*wanted, *removed]
    without = answers[len(wanted) :] or [None] * len(wanted)
    waits = waiting_times(setup.detector)

    def verdicts(claims: Sequence[Claim], of: Judged) -> list[Verdict]:
        return judge(claims, of.findings, resolution=of.resolution, waits=waits, alpha=alpha)

    rungs = []
    for rung, answer, less in zip(path.rungs, answers[: len(wanted)], without, strict=True):
        told = verdicts(rung.claims, answer)
        told += verdicts(_removed(rung), less) if less else []
        rungs.append(RungResult(rung, answer, tuple(told), less))
    return MapResult(setup, path, root, [v for r in rungs for v in r.verdicts], rungs=tuple(rungs))


def _removed(rung: Rung) -> list[Claim]:
    """The claim that a rung makes of the runs with the cause removed."""
    if rung.without is None:
        return []
    return [Claim.model_validate({"of": "found", "rate": rung.without, "source": "measured"})]


def judge_interaction(setup: Setup, block: Interaction, root: int, alpha: float = ALPHA) -> Asking[MapResult]:
    """Run the four cells of an interaction, and judge what is claimed of it."""
    table = yield from cells.seen(cells.designed(setup, block, root))
    judged = verdicts.judge(table, block.claims, alpha)
    return MapResult(setup, block, root, judged, trouble=table.trouble, table=table)


def claims_of(entry: Entry) -> list[Claim | MapClaim | InteractionClaim]:
    """All that an entry claims of laws, boundaries, paths and interactions."""
    blocks = (*entry.every_law.values(), *entry.boundaries.values(), *entry.interactions.values())
    lines: list[Claim | MapClaim | InteractionClaim] = [c for block in blocks for c in block.claims]
    return lines + [c for path in entry.paths.values() for rung in path.rungs for c in (*rung.claims, *_removed(rung))]


def tasks(setup: Setup, root: int, alpha: float = ALPHA) -> list[Asking[MapResult]]:
    """Everything beyond single settings that an entry claims."""
    entry = setup.entry
    return [
        *(judge_law(setup, law, root, alpha) for law in entry.every_law.values()),
        *(judge_boundary(setup, block, root, alpha) for block in entry.boundaries.values()),
        *(judge_path(setup, path, root, alpha) for path in entry.paths.values()),
        *(judge_interaction(setup, block, root, alpha) for block in entry.interactions.values()),
    ]


def judge_entries(
    setups: Sequence[Setup],
    store: Store,
    *,
    roots: Sequence[int],
    seeds: int | None = None,
    alpha: float = ALPHA,
    beyond: bool | Sequence[Setup] = True,
    on_progress: OnProgress = lambda p: None,
    executor: Executor | None = None,
) -> tuple[list[CaseResult], list[MapResult]]:
    """Judge all that entries claim: cases, and laws, boundaries, paths and interactions, in one round.

    Args:
        setups: of the entries.
        store: where runs are kept.
        roots: root seeds.
        seeds: number of seeds of every case; default: the case's own. All else keeps its own.
        alpha: false-alarm rate of one claim.
        beyond: whether laws, boundaries, paths and interactions are judged too, or of which setups.
        on_progress: called with each Progress.
        executor: who trains; default: this process.

    Returns:
        The cases, and the others; both by entry, then root, then as the catalog lists them.
    """
    cases = [t for s in setups for root in roots for t in check.tasks(s, root, seeds, alpha)]
    further = beyond if not isinstance(beyond, bool) else setups if beyond else ()
    others = [t for s in further for root in roots for t in tasks(s, root, alpha)]
    results = drive([*cases, *others], store, on_progress, executor)
    return [r for r in results if isinstance(r, CaseResult)], [r for r in results if isinstance(r, MapResult)]
