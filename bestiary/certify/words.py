"""Certificates as tables of words, for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bestiary.certify import scores
from bestiary.certify.asking import Row
from bestiary.certify.baseline import Change
from bestiary.certify.certificate import Certificate
from bestiary.certify.kinds import Kind
from bestiary.certify.rates import Rate
from bestiary.certify.scores import Detected, Score


class Table(NamedTuple):
    """A table: its title, the names of its columns, and its rows of as many cells."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


LONGEST = 30  # [character] of a target in a table
DETECTED = ("hits", "95 %", "false alarms", "95 %", "onset off [record]", "near", "no answer")
ESTIMATED = ("right", "95 %", "bias", "95 %", "rms error", "covered", "95 %", "no answer")


def percent(share: float) -> str:
    """Write a share, with a decimal below 10 %."""
    return f"{share:.0%}" if not 0 < share < 0.0995 else f"{share:.1%}"


def limits(rate: Rate) -> str:
    """Write exact limits of a rate; nothing of none."""
    return "{} to {}".format(*map(percent, rate.interval)) if rate.n else ""


def share(rate: Rate) -> str:
    """Write a rate with its counts; nothing of none."""
    return f"{percent(rate.share)} ({rate})" if rate.n else ""


def cells(of: Score, absolute: bool) -> tuple[str, ...]:
    """Return the cells of a score."""
    failures = share(of.failures) if of.failures.k else ""
    if isinstance(of, Detected):
        off = of.onset
        where = "" if off is None else f"{off.median:+.3g} ({off.q05:+.3g} to {off.q95:+.3g})"
        both = (share(of.hits), limits(of.hits), share(of.false_alarms), limits(of.false_alarms))
        return (*both, where, share(off.near) if off else "", failures)
    write: Callable[[float], str] = (lambda x: f"{x:+.3g}") if absolute else (lambda x: f"{x:+.1%}")
    ends = f"{write(of.low)} to {write(of.high)}" if np.isfinite(of.low) else ""
    bias = write(of.bias) if np.isfinite(of.bias) else ""
    rms = write(of.rms).lstrip("+") if np.isfinite(of.rms) else ""
    covered = (share(of.covered), limits(of.covered))
    return (share(of.right), limits(of.right), bias, ends, rms, *covered, failures)


def brief(target: str) -> str:
    """Name a target so that it fits a table.

    Examples:
        >>> brief("some/where/my_rule.py:spike"), brief("package.module.rules:spike")
        ('my_rule.py:spike', 'spike')
        >>> brief("python my_rule.py --height 2 --window 50 {csv}")
        'python my_rule.py --height...'
    """
    file, colon, function = target.rpartition("/")[2].rpartition(":")
    if colon and " " not in target:
        return f"{file}:{function}" if file.endswith(".py") else function
    return target if len(target) <= LONGEST else f"{target[: LONGEST - 3].rstrip()}..."


def tables(made: Certificate) -> list[Table]:
    """Return the tables of a certificate: everybody, then the target by shape and by transformation."""
    detects = isinstance(made.kind, Kind)
    columns = DETECTED if detects else ESTIMATED
    absolute = any(getattr(row.case, "absolute", False) for row in made.rows)

    def table(title: str, parts: dict[str, Score]) -> Table:
        return Table(title, (title, *columns), [(name, *cells(of, absolute)) for name, of in parts.items()])

    def apart(by: Callable[[Row], str]) -> dict[str, Score]:
        return scores.apart(made.rows, lambda row: by(row).replace("_", " "))

    everybody: dict[str, Score] = {brief(made.target): scores.score(made.rows)}
    everybody |= {name.replace("_", " "): scores.score(rows) for name, rows in made.beside.items()}
    told = [table("beside others", everybody)]
    told.append(table("by shape" if detects else "by problem", apart(lambda row: row.case.group)))
    if detects:
        told.append(table("by transformation", apart(lambda row: row.case.condition)))
    return told


def lines(made: Certificate) -> list[str]:
    """Say what was asked, what failed, and what changed since the baseline."""
    kind = made.kind
    what = f"{len(made.rows)} {'logs' if isinstance(kind, Kind) else 'problems'}"
    said = [f"{made.target} as {kind.name} ({kind.question}): {what} of root {made.head['root']}"]
    said += [f"no answer in {n}: {why}" for why, n in scores.failures(made.rows)]
    said += _compared(made)
    return said


def _compared(made: Certificate) -> list[str]:
    if made.changes is None:
        return []
    worse = made.worse
    said = [f"worse than recorded: {_changed(change)}" for change in worse]
    if not worse:
        said.append(f"not worse than recorded, at a level of {made.level:g} over all groups; {_moved(made)}")
    return said


def _changed(change: Change) -> str:
    return (
        f"{change.group.replace('_', ' ')}: worse in {change.worse}, better in {change.better}; "
        f"p = {change.p:.2g}, {change.adjusted:.2g} after Holm's correction"
    )


def _moved(made: Certificate) -> str:
    moved = {change.group: change for change in made.changes or ()}
    of = moved.get("all, answers")
    return "no answer changed" if of is None else f"{of.worse} answers are worse and {of.better} better"


def legend(made: Certificate) -> str:
    """Say what the columns are."""
    if isinstance(made.kind, Kind):
        return (
            "hits: logs with the event in which it was found; false alarms: logs without it in which it was. The "
            "limits are exact, of Clopper and Pearson; every case is a log of its own. onset off: median (5 % to 95 %) "
            "of the distance from the event, 0 within it; near: at most 3 % of the run, or three records."
        )
    return (
        "right: estimates within the tolerance; bias: mean error over the truth, with Student's limits; covered: "
        "intervals that hold the truth, of those that were stated, which should be 95 %."
    )
