"""Ask a target, and beside it our own detector and what is in public use, about every case of a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bestiary.certify import asking, baseline, scores, targets
from bestiary.certify.asking import Asker, OnCase, Row
from bestiary.certify.baseline import LEVEL, Change
from bestiary.certify.cases import EACH, Case, cases
from bestiary.certify.gradients import NOISE_SCALE
from bestiary.certify.kinds import KINDS, Kind
from bestiary.certify.problems import EstimatorKind, problems
from bestiary.certify.scaling import SCALING
from bestiary.certify.singular import LEARNING_COEFFICIENT
from bestiary.certify.spectra import SPECTRA
from bestiary.version import __version__

ESTIMATORS = {kind.name: kind for kind in (*SPECTRA, NOISE_SCALE, LEARNING_COEFFICIENT, *SCALING)}
ROOT, SEEDS = 1, 16


@dataclass(frozen=True)
class Certificate:
    """What a target answered, and what others did.

    Attributes:
        kind: what it was asked as.
        target: its name.
        head: which cases: kind, root, seeds, each.
        rows: its answers.
        beside: {name: answers} of our own detector and of what is in public use.
        changes: what changed since a baseline; None if it was compared with none.
        level: probability of a false alarm of that comparison.
    """

    kind: Kind | EstimatorKind
    target: str
    head: Mapping[str, Any]
    rows: Sequence[Row]
    beside: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    changes: Sequence[Change] | None = None
    level: float = LEVEL

    @property
    def worse(self) -> list[Change]:
        """What got worse beyond chance."""
        return [change for change in self.changes or () if change.adjusted <= self.level]

    @property
    def silent(self) -> bool:
        """Whether there was no answer at all."""
        return all(row.answer.failure for row in self.rows)


def kind_of(name: str) -> Kind | EstimatorKind:
    """Return the kind of that name.

    Raises:
        ValueError: there is none.
    """
    every: dict[str, Kind | EstimatorKind] = {**KINDS, **ESTIMATORS}
    if name not in every:
        raise ValueError(f"{name!r} is no kind; want one of {', '.join(every)}")
    return every[name]


def asker_of(target: str | Callable[..., Any], kind: Kind | EstimatorKind) -> Asker:
    """Return who asks a function, by its name or itself.

    Raises:
        NoTarget: there is none, or it wants what the kind does not have.
    """
    if isinstance(target, str):
        return asking.function(targets.found(target), kind, target)
    return asking.function(target, kind)


def certified(
    asker: Asker,
    kind: Kind | EstimatorKind,
    root: int = ROOT,
    seeds: int = SEEDS,
    each: int | None = EACH,
    limit: float = asking.LIMIT,
    beside: bool = True,
    more: Sequence[Case] = (),
    on_case: OnCase | None = None,
) -> Certificate:
    """Ask somebody about every case of a kind.

    Args:
        asker: whom.
        kind: as what.
        root: root seed of the cases.
        seeds: logs of every shape, or problems of every group.
        each: transformations of every log, which take turns; None: all of them.
        limit: [s] for one case.
        beside: whether others are asked too.
        more: cases of runs that were recorded.
        on_case: called after each case of the target.
    """
    head: dict[str, Any] = {"kind": kind.name, "root": root, "seeds": seeds}
    if isinstance(kind, EstimatorKind):
        asked = problems(kind, root, seeds)
        others = [asking.function(one, kind, name) for name, one in kind.published.items()]
    else:
        asked = [*cases(kind, root, seeds, each), *more]
        others = [asking.ours(kind), *(asking.rule(name, judge) for name, judge in kind.rules.items())]
        head["each"] = each
        if more:
            head["runs"] = sorted({case.group for case in more})
    rows = asking.rows(asker, asked, limit, on_case)
    answered = {one.name: asking.rows(one, asked, limit) for one in others} if beside else {}
    return Certificate(kind, asker.name, head, rows, answered)


def compared(made: Certificate, path: Path, level: float = LEVEL) -> Certificate:
    """Compare with what a baseline has.

    Raises:
        BadBaseline: there is none, or it is of other cases.
    """
    then = baseline.read(path, {**made.head})
    changes = baseline.compare(then, baseline.told(made.rows))
    return Certificate(made.kind, made.target, made.head, made.rows, made.beside, changes, level)


def as_json(made: Certificate) -> dict[str, Any]:
    """Return a certificate as plain data."""

    def parts(rows: Sequence[Row], by: Callable[[Row], str]) -> dict[str, Any]:
        return {name: scores.as_json(one) for name, one in scores.apart(rows, by).items()}

    told: dict[str, Any] = {
        "target": made.target,
        **made.head,
        "bestiary": __version__,
        "cases": len(made.rows),
        "score": scores.as_json(scores.score(made.rows)),
        "by_shape": parts(made.rows, lambda row: row.case.group),
    }
    if isinstance(made.kind, Kind):
        told["by_transformation"] = parts(made.rows, lambda row: row.case.condition)
        told["by_noise"] = parts(made.rows, lambda row: row.case.noise if isinstance(row.case, Case) else "")
    told["failures"] = [{"why": why, "cases": n} for why, n in scores.failures(made.rows)]
    told["beside"] = {name: scores.as_json(scores.score(rows)) for name, rows in made.beside.items()}
    if made.changes is not None:
        changes = [change._asdict() for change in made.changes]
        told["baseline"] = {"level": made.level, "worse": bool(made.worse), "changes": changes}
    return told
