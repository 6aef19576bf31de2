"""Verdicts on what is claimed of an interaction."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import binom

from bestiary.catalog.interaction_claims import TOLERANCE, InteractionClaim, same
from bestiary.catalog.published import Estimate
from bestiary.judge.outcome import ALPHA, Outcome, Verdict
from bestiary.maps.interactions.cells import Seen, Table
from bestiary.maps.interactions.kappa import (
    CONFIDENCE,
    Answer,
    Correction,
    Leaving,
    answer,
    leaving,
    limits,
    runs_to_decide,
)

WORDS = {
    "sum_of_parts": Correction.SUM,
    "synergy": Correction.SYNERGY,
    "antagonism": Correction.ANTAGONISM,
    "destroyed": Correction.DESTROYED,
}
SIDES = {"neither": -1, "a": 1, "b": -1, "both": 1}  # of one half, at which the rate of a cell must be
CALLED = {"neither": "neither", "a": "A", "b": "B alone", "both": "both"}


def judge(table: Table, claims: Sequence[InteractionClaim], alpha: float = ALPHA) -> list[Verdict]:
    """Judge what is claimed of an interaction; a true claim fails with probability alpha at most.

    - kappa: it fails if the sign test says, at alpha / 2 each side, that the median of the pairs lies outside of the
      interval, and holds if its limits at 95 % lie within.
    - outcome: it fails if at 1 - alpha another one is shown, and holds if at 95 % it is the one that is shown; at all
      values of the knob at once with Bonferroni.
    - boundary: it holds if the bracket lies within the interval, and fails if the bracket at 1 - alpha lies outside, or
      if at 1 - alpha all values are shown to be the sum of parts and reach from one end of the interval to the other.
    - identity: of the rates of the four cells, each against one half, with Bonferroni.
    """
    return [_judged(table, claim, alpha) for claim in claims]


def _judged(table: Table, claim: InteractionClaim, alpha: float) -> Verdict:
    if not table.points:
        return _told(table, claim, Outcome.INCONCLUSIVE, "nothing predicted", table.trouble)
    if claim.kappa is not None:
        return _kappa(table, claim, claim.kappa, _at(table, claim)[0], alpha)
    if claim.boundary is not None:
        return _boundary(table, claim, claim.boundary, alpha)
    return _identity(table, claim, alpha) if claim.identity else _outcome(table, claim, alpha)


def _at(table: Table, claim: InteractionClaim) -> list[Seen]:
    """The values of the knob that a claim is of."""
    if claim.at is None:
        return list(table.points)
    return [p for p in table.points if same(p.x, claim.at)]


def _told(
    table: Table,
    claim: InteractionClaim,
    outcome: Outcome,
    measured: str,
    reason: str,
    needs: int | None = None,
    estimate: Estimate | None = None,
) -> Verdict:
    interval = claim.interval
    expected = interval.replace("_", " ") if isinstance(interval, str) else f"{interval[0]:g} to {interval[1]:g}"
    return Verdict(claim, outcome, measured, expected, reason, table.design.seeds, needs, estimate)


def in_words(point: Seen) -> str:
    """Write kappa with its limits: `-0.21, -0.3 to -0.15 at 95 % (24 of 24 runs)`."""
    k, n = point.kappa, point.kappa.value.size
    middle, low, high = limits(k)
    share = f"{n - k.cut - k.unknown} of {n} runs" + (f", {k.cut} cut off" if k.cut else "")
    number = "nothing" if math.isnan(middle) else f"{middle:.3g}"
    span = f"{low:.3g} to {high:.3g}" if math.isfinite(low) or math.isfinite(high) else "no limits"
    return f"{number}, {span} at {100 * CONFIDENCE:g} % ({share})"


def _kappa(table: Table, claim: InteractionClaim, interval: tuple[float, float], at: Seen, alpha: float) -> Verdict:
    (lo, hi), k, n = interval, at.kappa, at.kappa.value.size
    found, measured = limits(k), in_words(at)
    estimate = found if math.isfinite(found.value) else None
    for count, side, bound in ((np.sum(k.high < lo), "below", lo), (np.sum(k.low > hi), "above", hi)):
        if binom.sf(count - 1, n, 0.5) <= alpha / 2:
            why = f"{count} of {n} pairs lie {side} {bound:g}; the sign test excludes that at {alpha / 2:g}"
            return _told(table, claim, Outcome.FAILS, measured, why, estimate=estimate)
    if lo <= found.low and found.high <= hi:
        return _told(table, claim, Outcome.HOLDS, measured, "the limits lie within the claim", estimate=estimate)
    needs = runs_to_decide(k, interval=interval)
    why = f"{n} pairs are too few to tell" + (f"; about {needs} would do" if needs else "")
    return _told(table, claim, Outcome.INCONCLUSIVE, measured, why, needs, estimate)


def _answers(table: Table, points: Sequence[Seen], miss: float) -> list[Answer]:
    """What the runs say at each value, so that with probability 1 - miss none is called wrongly."""
    return [answer(p.kappa, p.rates, table.design.more, 1 - miss / len(points)) for p in points]


def _outcome(table: Table, claim: InteractionClaim, alpha: float) -> Verdict:
    points, word = _at(table, claim), WORDS[str(claim.outcome)]
    near, far = (_answers(table, points, miss) for miss in (1 - CONFIDENCE, alpha))
    if len(points) == 1:
        measured = f"{near[0].correction}: {in_words(points[0])}"
    else:
        counts = {one: sum(a.correction is one for a in near) for one in Correction}
        measured = ", ".join(f"{one} at {n} of {len(points)}" for one, n in counts.items() if n)
    for p, a in zip(points, far, strict=True):
        if a.correction not in (word, Correction.UNDECIDED):
            why = f"at {_value(p.x)} it is {a.correction} at {1 - alpha:g}: {a.why}"
            return _told(table, claim, Outcome.FAILS, measured, why)
    open_ = [(p, a) for p, a in zip(points, near, strict=True) if a.correction is not word]
    if not open_:
        return _told(table, claim, Outcome.HOLDS, measured, near[0].why if len(points) == 1 else "at every value")
    needs = max((a.needs or 0 for _, a in open_), default=0)
    why = "; ".join(f"at {_value(p.x)} {a.correction}: {a.why}" for p, a in open_)
    return _told(table, claim, Outcome.INCONCLUSIVE, measured, why, needs or None)


def left_at(table: Table, confidence: float = CONFIDENCE) -> Leaving | None:
    """Find where along B's knob |kappa| first leaves the tolerance; None along words, or if it is not shown to."""
    off, values = table.design.off, [p.x for p in table.points]
    if isinstance(off, str) or not values:
        return None
    x = [float(v) for v in values if not isinstance(v, str)]
    of = [p.kappa for p in table.points], [p.rates for p in table.points]
    return leaving(x, *of, float(off), log=table.design.knob.log, confidence=confidence)


def _boundary(table: Table, claim: InteractionClaim, interval: tuple[float, float], alpha: float) -> Verdict:
    (lo, hi), near, far = interval, left_at(table), left_at(table, 1 - alpha)
    if near is None:
        called = _answers(table, table.points, alpha)
        x = [float(p.x) for p in table.points if not isinstance(p.x, str)]
        measured = f"leaves {TOLERANCE:g} nowhere at 95 %"
        spanned = min(x) <= lo and hi <= max(x)
        if spanned and all(a.correction is Correction.SUM for a in called):
            return _told(table, claim, Outcome.FAILS, measured, f"at {1 - alpha:g} every value is the sum of parts")
        needs = [runs_to_decide(p.kappa) or 0 for p in table.points]
        return _told(table, claim, Outcome.INCONCLUSIVE, measured, "it is not shown to leave", max(needs) or None)
    (low, high), estimate = near.ends, Estimate(near.estimate, *near.ends)
    measured = f"{near.estimate:.4g}, {low:.4g} to {high:.4g} at 95 % ({table.design.seeds} seeds)"
    if lo <= low and high <= hi:
        why = "the bracket lies within the claim"
        return _told(table, claim, Outcome.HOLDS, measured, why, estimate=estimate)
    if far is not None and (far.ends[1] < lo or hi < far.ends[0]):
        why = f"the bracket at {1 - alpha:g}, {far.ends[0]:.4g} to {far.ends[1]:.4g}, misses the claim"
        return _told(table, claim, Outcome.FAILS, measured, why, estimate=estimate)
    why = "the bracket reaches beyond the claim; more values there, or more seeds, would tell"
    return _told(table, claim, Outcome.INCONCLUSIVE, measured, why, estimate=estimate)


def _identity(table: Table, claim: InteractionClaim, alpha: float) -> Verdict:
    points = _at(table, claim)
    cells = [(name, "", points[0].rates) for name in ("neither", "a")]
    cells += [(name, f" at {_value(p.x)}", p.rates) for p in points for name in ("b", "both")]
    told = [f"{CALLED[name]}{where} {getattr(r, name)}/{r.n}" for name, where, r in cells]
    measured = ", ".join(told) if len(points) == 1 else _ranges(points)
    if claim.identity == "mimicry":
        wanted = [[("b", f" at {_value(p.x)}", p.rates)] for p in points]
        return _mimicry(table, claim, [cell[0] for cell in wanted], measured, alpha)
    sides = [(r.side(n, 1 - (1 - CONFIDENCE) / len(cells)), r.side(n, 1 - alpha / len(cells))) for n, _, r in cells]
    for (name, where, rates), (_, far) in zip(cells, sides, strict=True):
        if far == -SIDES[name]:
            more = "more" if far > 0 else "fewer"
            why = f"{CALLED[name]}{where}: A is there in {more} than half of the runs, {getattr(rates, name)}/{rates.n}"
            return _told(table, claim, Outcome.FAILS, measured, why)
    if all(near == SIDES[name] for (name, *_), (near, _) in zip(cells, sides, strict=True)):
        why = "A is there in A and in both, and in neither of the others"
        return _told(table, claim, Outcome.HOLDS, measured, why)
    open_ = [
        f"{CALLED[n]}{w} {getattr(r, n)}/{r.n}"
        for (n, w, r), (near, _) in zip(cells, sides, strict=True)
        if near != SIDES[n]
    ]
    return _told(table, claim, Outcome.INCONCLUSIVE, measured, f"too few runs to tell: {', '.join(open_)}")


def _mimicry(table: Table, claim: InteractionClaim, cells: Sequence[tuple], measured: str, alpha: float) -> Verdict:
    """B alone has it, at some of the values."""
    near = [r.side(n, 1 - (1 - CONFIDENCE) / len(cells)) for n, _, r in cells]
    if 1 in near:
        return _told(table, claim, Outcome.HOLDS, measured, "B alone has it in more than half of the runs")
    if all(r.side(n, 1 - alpha) == -1 for n, _, r in cells):
        return _told(table, claim, Outcome.FAILS, measured, "B alone has it in fewer than half of the runs")
    return _told(table, claim, Outcome.INCONCLUSIVE, measured, "too few runs to tell")


def _ranges(points: Sequence[Seen]) -> str:
    """The rates of all values in short: `A 24/24, both 23 to 24 of 24, neither 0/24, B alone 0 to 1 of 24`."""
    first = points[0].rates
    spans = {name: [getattr(p.rates, name) for p in points] for name in ("both", "b")}
    told = {name: f"{min(k)} to {max(k)} of {first.n}" for name, k in spans.items()}
    return f"A {first.a}/{first.n}, both {told['both']}, neither {first.neither}/{first.n}, B alone {told['b']}"


def _value(x: float | int | str) -> str:
    return x if isinstance(x, str) else f"{x:g}"
