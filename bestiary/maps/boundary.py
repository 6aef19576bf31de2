"""Where along a knob the rate at which something is found crosses one half.

Nothing is assumed of how the rate depends on the knob: it may cross one half several times, as
it does at the two ends of a window.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, get_args

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from scipy.stats import binom

from bestiary.catalog.published import Estimate
from bestiary.judge.outcome import ALPHA, Judgement, Outcome

Direction = Literal["appears", "vanishes"]


class Point(NamedTuple):
    """One value of the knob: in k of n runs it was found."""

    x: float
    k: int
    n: int


@dataclass(frozen=True)
class Crossing:
    """A bracket in which the rate crosses one half.

    Attributes:
        lo: [x] the last point before it where the rate is decidedly on one side of one half.
        hi: [x] the first point after it where the rate is decidedly on the other side.
        direction: whether, with growing x, it appears or vanishes.
        estimate: [x] where the rate is one half, within [lo, hi]: by the likeliest logistic curve through the points of
            the neighbourhood, which reaches from the crossing before to the one after. The curve does not exist if
            no failure lies beyond a success; then the middle (geometric on a logarithmic axis) between the two.
        width: [x] from rate 0.1 to 0.9 of that curve; hi - lo, an upper bound, if sharp.
        sharp: the points do not resolve a width: none of the neighbourhood has a rate strictly between 0.1 and 0.9,
            or there is no curve.
        smooth: the bracket is made of undecided points: they fill half of it or more. More points would not make it
            narrower by much; more runs at each point would.
        n_points: points of the neighbourhood.
    """

    lo: float
    hi: float
    direction: Direction
    estimate: float
    width: float
    sharp: bool
    smooth: bool
    n_points: int

    def words(self, of: str, knob: str) -> str:
        """Say what appears or vanishes where: `found appears at lr = 2.01 (1.99 to 2.02 at 95 %); sharp`."""
        manner = "sharp" if self.sharp else f"smooth: from 10 % to 90 % within {self.width:.3g}"
        where = f"{knob} = {self.estimate:.4g} ({self.lo:.4g} to {self.hi:.4g} at 95 %)"
        return f"{of} {self.direction} at {where}; {manner}"


def bracket(points: Sequence[Point], confidence: float = 0.95, *, log: bool = False) -> list[Crossing]:
    """Find where the rate crosses one half, by increasing x.

    A point is low if its one-sided Clopper-Pearson upper limit is below 1/2, high if the lower one is above, with the
    level (1 - confidence) / (number of points), so that with probability `confidence` no point is called wrongly:
    0 of 16 runs is low among up to 3276 points at 95 %, 0 of 8 among up to 12, 0 of 4 never. A low point followed by
    a high one, or the reverse, with none but undecided points between them, is a crossing.

    Args:
        points: in any order; their x differ.
        confidence: [1] of all points being called rightly.
        log: whether the axis is logarithmic.

    Raises:
        ValueError: an x is there twice, or is not finite, or not above 0 on a logarithmic axis; k is not of n.
    """
    points = _read(points, log)
    sides = _sides(points, confidence)
    decided = [i for i, side in enumerate(sides) if side]
    ends = [(i, j) for i, j in pairwise(decided) if sides[i] != sides[j]]
    made = []
    for at, (i, j) in enumerate(ends):
        first = ends[at - 1][1] if at else 0
        last = ends[at + 1][0] if at + 1 < len(ends) else len(points) - 1
        made.append(_crossing(points[first : last + 1], points[i : j + 1], sides[j], log))
    return made


def no_crossing(points: Sequence[Point], of: str, confidence: float = 0.95) -> str:
    """Say why `bracket` finds no crossing: the rate crosses one half nowhere, or too few runs were made to tell.

    Args:
        points: as for `bracket`.
        of: the state or phase that was counted.
        confidence: [1] as for `bracket`.
    """
    runs, undecided = max((p.n for p in points), default=0), _sides(points, confidence).count(0)
    least = _least_runs(len(points), 1 - confidence)
    if runs < least:
        return f"{of}: {runs} seeds cannot decide a point among {len(points)}; {least} would, where all or none have it"
    if undecided:
        return f"{of}: no crossing of one half is decided; at {undecided} of {len(points)} points more seeds are needed"
    return f"{of}: its rate crosses one half nowhere here"


def next_points(
    points: Sequence[Point],
    resolution: float,
    log: bool,
    most: int,
    *,
    integer: bool = False,
    confidence: float = 0.95,
) -> list[float]:
    """Propose where to look next, to make every bracket as narrow as `resolution`; nothing if nothing can be gained.

    The bracket is halved; if it has undecided points, the wider of the gaps at its two ends is, since only a decided
    point there can move an end. A smooth crossing is left alone: it wants more runs, not more points.

    Args:
        points: in any order.
        resolution: hi / lo - 1 on a logarithmic axis, else hi - lo [x].
        log: whether the axis is logarithmic.
        most: points to be proposed at once; the widest brackets go first.
        integer: whether x takes integers only.
        confidence: [1] of the brackets.

    Returns:
        At most `most` values of x, none of which is there yet, in increasing order.
    """
    u = math.log if log else float
    have = sorted(p.x for p in points)
    proposed = []
    for c in bracket(points, confidence, log=log):
        wide = c.hi / c.lo - 1 if log else c.hi - c.lo
        if wide <= resolution or c.smooth:
            continue
        gaps = list(pairwise(x for x in have if c.lo <= x <= c.hi))
        for a, b in sorted({gaps[0], gaps[-1]}, key=lambda gap: u(gap[0]) - u(gap[1])):
            x = _middle(a, b, log)
            x = float(round(x)) if integer else x
            if np.float32(a) < np.float32(x) < np.float32(b):  # knobs are trained with as float32
                proposed.append((-wide, x))
                break
    return sorted(x for _, x in sorted(proposed)[:most])


def judge_boundary(
    claim_interval: tuple[float, float],
    points: Sequence[Point],
    direction: str,
    *,
    log: bool = False,
    confidence: float = 0.95,
    alpha: float = ALPHA,
) -> Judgement:
    """Judge whether something appears, or vanishes, where it is claimed to.

    The claim holds if a bracket of that direction at `confidence` lies within it. It fails if there are brackets of
    that direction at 1 - alpha but even those at `confidence` all miss it; or if there is none although at 1 - alpha
    all points are decided and they reach from one end of the claim to the other.

    Args:
        claim_interval: [x] where the rate is claimed to cross one half.
        points: in any order.
        direction: `appears` or `vanishes`, with growing x.
        log: whether the axis is logarithmic.
        confidence: [1] of the limits.
        alpha: [1] highest probability with which a true claim fails, if there is but one crossing of that direction.

    Returns:
        The outcome; the crossing with its limits, in words; what decided; the crossing as a number with limits, the one
        nearest to the claim if there are several.

    Raises:
        ValueError: there is no such direction; or as for `bracket`.
    """
    if direction not in get_args(Direction):
        raise ValueError(f"there is no direction {direction!r}; there are {' and '.join(get_args(Direction))}")
    lo, hi = claim_interval
    near = [c for c in bracket(points, confidence, log=log) if c.direction == direction]
    far = [c for c in bracket(points, 1 - alpha, log=log) if c.direction == direction]
    at = f"at {100 * confidence:g} %"
    share = f"({len(points)} points, {sum(p.n for p in points)} runs)"
    measured = " and ".join(f"{c.estimate:.4g}, {c.lo:.4g} to {c.hi:.4g} {at}" for c in near)
    measured = f"{direction} at {measured} {share}" if near else f"{direction} nowhere {at} {share}"

    middle = (lo + hi) / 2
    closest = min(near, key=lambda c: abs(c.estimate - middle), default=None)
    estimate = Estimate(closest.estimate, closest.lo, closest.hi) if closest else None

    def told(outcome: Outcome, reason: str) -> Judgement:
        return Judgement(outcome, measured, reason, estimate)

    if any(lo <= c.lo and c.hi <= hi for c in near):
        return told(Outcome.HOLDS, "the limits lie within the claim")
    touching = [c for c in near if c.lo <= hi and lo <= c.hi]
    if far and not touching and all(c.hi < lo or hi < c.lo for c in far):
        where = " and ".join(f"{c.lo:.4g} to {c.hi:.4g}" for c in far)
        return told(Outcome.FAILS, f"the limits at {1 - alpha:g}, {where}, miss the claim")
    undecided = _sides(_read(points, log), 1 - alpha).count(0)
    if points and not undecided and not far:
        if min(p.x for p in points) <= lo and hi <= max(p.x for p in points):
            return told(Outcome.FAILS, f"all points are decided at {1 - alpha:g}, and it {direction} at none")
        return told(Outcome.INCONCLUSIVE, "the points do not reach from one end of the claim to the other")
    if touching:
        remedy = "more runs" if any(c.smooth for c in touching) else "more points there, or more runs,"
        return told(Outcome.INCONCLUSIVE, f"the limits reach beyond the claim; {remedy} would tell")
    least = _least_runs(len(points), alpha)
    reason = f"{undecided} of {len(points)} points have too few runs to tell; it takes {least} each at least"
    return told(Outcome.INCONCLUSIVE, reason)


def _read(points: Sequence[Point], log: bool) -> list[Point]:
    """Sort the points by increasing x, and check them."""
    points = sorted(Point(float(x), int(k), int(n)) for x, k, n in points)
    for p in points:
        if not math.isfinite(p.x) or (log and p.x <= 0):
            raise ValueError(f"x = {p.x:g}: want {'numbers above 0, the axis is logarithmic' if log else 'finite x'}")
        if not 0 <= p.k <= p.n:
            raise ValueError(f"x = {p.x:g}: {p.k} of {p.n} runs is no rate")
    for p, q in pairwise(points):
        if p.x == q.x:
            raise ValueError(f"x = {p.x:g} is there twice; add its runs up")
    return points


def _least_runs(n_points: int, miss: float) -> int:
    """Return how many runs decide a point if all or none of them have it: 2^-n below its share of the level."""
    return math.floor(math.log2(max(n_points, 1) / miss)) + 1


def _sides(points: Sequence[Point], confidence: float) -> list[int]:
    """Return -1 where the rate is below one half, 1 where it is above, 0 where that is undecided."""
    k, n = np.array([(p.k, p.n) for p in points], int).reshape(-1, 2).T
    level = (1 - confidence) / max(len(points), 1)
    # The upper limit is below 1/2 just where k or fewer of n are less likely than the level at a rate of 1/2.
    return ((binom.sf(k - 1, n, 0.5) < level).astype(int) - (binom.cdf(k, n, 0.5) < level)).tolist()


def _middle(a: float, b: float, log: bool) -> float:
    return math.sqrt(a) * math.sqrt(b) if log else a + (b - a) / 2


def _crossing(near: Sequence[Point], inside: Sequence[Point], side: int, log: bool) -> Crossing:
    """Make a bracket of its neighbourhood and of its points with both ends; `side` is that of its upper end."""
    lo, hi, u = inside[0].x, inside[-1].x, math.log if log else float
    between = [u(p.x) for p in inside[1:-1]]
    smooth = bool(between) and between[-1] - between[0] >= (u(hi) - u(lo)) / 2
    failure = max((p for p in near if p.k < p.n), key=lambda p: side * p.x).x  # the one farthest to the found side
    success = min((p for p in near if p.k > 0), key=lambda p: side * p.x).x
    curve = _logistic(near, side, log) if side * failure > side * success else None
    sharp = curve is None or not any(p.n < 10 * p.k < 9 * p.n for p in near)
    low, middle, high = curve or (lo, _middle(failure, success, log), hi)
    width = hi - lo if sharp else high - low
    direction: Direction = "appears" if side > 0 else "vanishes"
    return Crossing(lo, hi, direction, min(max(middle, lo), hi), width, sharp, smooth, len(near))


def _logistic(points: Sequence[Point], side: int, log: bool) -> tuple[float, float, float] | None:
    """Return x where the likeliest logistic curve is at 0.1, 0.5 and 0.9, increasing; None if it turns the wrong way.

    ln(p / (1 - p)) = a + b u with u = x, or ln x on a logarithmic axis; k of n is binomial.
    """
    x, k, n = np.array(points, float).T
    u = np.log(x) if log else x
    z = side * (u - u.mean()) / u.std()

    def cost(v):  # -ln L / N, and its gradient
        logit = v[0] + v[1] * z
        excess = n * expit(logit) - k
        value = -(k * log_expit(logit) + (n - k) * log_expit(-logit)).sum()
        return value / n.sum(), np.array([excess.sum(), excess @ z]) / n.sum()

    a, b = minimize(cost, np.array([0.0, 1.0]), jac=True, method="BFGS", options={"gtol": 1e-8}).x
    if b <= 0:
        return None
    at = u.mean() + u.std() * (math.log(9) * np.array([-1, 0, 1]) - side * a) / b
    low, middle, high = (np.exp(at.clip(-700, 700)) if log else at).tolist()
    return low, middle, high
