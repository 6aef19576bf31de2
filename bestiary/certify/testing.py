"""A certificate as a test: a target that got worse than recorded fails it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bestiary.certify import baseline as kept
from bestiary.certify import certificate, words
from bestiary.certify.cases import EACH
from bestiary.certify.certificate import ROOT, SEEDS, Certificate


def certify(
    target: str | Callable[..., Any],
    as_: str,
    root: int = ROOT,
    seeds: int = SEEDS,
    each: int | None = EACH,
    limit: float = 10.0,
    beside: bool = True,
) -> Certificate:
    """Ask a target about cases whose answer is known, and beside it our own detector and what is in public use.

    Args:
        target: a function, or `package.module:function`, or `path/to/file.py:function`.
        as_: spike, grokking, plateau, double_descent, edge or divergence; or, of an estimator, sharpness, noise_scale,
            effective_rank, participation_ratio, stable_rank, learning_coefficient, power_law_exponent or
            coordinate_check.
        root: root seed of the cases; whoever tuned on one root is judged on another.
        seeds: logs of every shape, or problems of every group.
        each: transformations of every log, which take turns; None: all of them.
        limit: [s] that the target may take for a case.
        beside: whether the others are asked too.

    Raises:
        ValueError: there is no such kind or no such function, or it wants what the kind does not have.

    Examples:
        >>> made = certify(lambda loss: bool(loss.max() > 2 * loss[0]), as_="divergence", seeds=2, beside=False)
        >>> made.kind.name, len(made.rows)
        ('divergence', 88)
    """
    try:
        kind = certificate.kind_of(as_)
        asker = certificate.asker_of(target, kind)
    except certificate.targets.NoTarget as error:
        raise ValueError(str(error)) from error
    return certificate.certified(asker, kind, root, seeds, each, limit, beside)


def assert_certified(
    target: str | Callable[..., Any],
    as_: str,
    baseline: str | Path,
    level: float = kept.LEVEL,
    limit: float = 10.0,
) -> Certificate:
    """Fail if a target got worse than a baseline recorded, beyond chance; which cases it asks about the baseline says.

    `bestiary certify TARGET --as KIND --baseline FILE --write-baseline` records one.

    Args:
        target: as of `certify`.
        as_: as of `certify`.
        baseline: the file.
        level: probability with which a target that only changes by chance fails.
        limit: [s] that the target may take for a case.

    Raises:
        AssertionError: it got worse; the message has the groups, the counts and the p-values.
        ValueError: there is no baseline, or it is of another kind or of other cases.
    """
    __tracebackhide__ = True
    path = Path(baseline)
    try:
        head = kept.head(path)
        if head["kind"] != as_:
            raise kept.BadBaseline(f"{path}: recorded as {head['kind']}, not {as_}")
        made = certify(target, as_, head["root"], head["seeds"], head.get("each", EACH), limit, beside=False)
        made = certificate.compared(made, path, level)
    except kept.BadBaseline as error:
        raise ValueError(str(error)) from error
    if made.worse:
        raise AssertionError("\n".join(words.lines(made)))
    return made
