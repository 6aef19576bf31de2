"""Hump: a test error that falls, rises, and falls again, as in double descent."""

import numpy as np
from scipy.ndimage import median_filter

from bestiary.about import About, Dial, Scale
from bestiary.detectors._curves import FEW, rising
from bestiary.log import Effect, Finding, Log, Series, Span, State, unfit

ABOUT = About(
    "stopping at the rise would have missed the second descent",
    effect="rise",
    also=("double descent", "epoch-wise double descent", "sample-wise double descent"),
    dial=Dial("factor", "above_one"),
    scales=(Scale(("test_loss",)),),
    waits=("peak", "foot"),
    do="do not stop at the rise: the second descent may end lower; compare the two checkpoints",
    source="Nakkiran et al., arXiv:1912.02292",
    beside={"train": "train_loss"},
)

INSTABILITIES, WIDE = 8, 3  # looked past, in which the train loss rises too; [record] of a hump above half its height


def hump(
    log: Log,
    error: str = "test_loss",
    train: str | None = None,
    *,
    factor: float = 1.5,
    ragged: float = 0.03,
) -> Finding:
    """Detect a curve that rises above its past and falls again.

    Also known as: double descent, epoch-wise double descent, sample-wise double descent.

    At every record the rise is the ratio to the least value so far. The fall is the ratio to the least value still to
    come. The height is the smaller of the two. The peak is the record of greatest height. The valley is the least value
    before the peak, the foot the least value after it. There is a hump if
        the height of the peak is at least `factor`;
        the logarithm of the curve falls to the valley, rises to the peak, falls to the foot and rises from there, with
        a root mean square misfit of at most `ragged` of the logarithm of the height. A random walk has humps on its
        humps.
    Where there is a train loss, a part in which that rises by `factor`, too, or of which fewer than three records lie
    above half of the height, is no hump: the curve is led straight through it, and may be ragged after the foot.
    A curve that rises by `factor` but has not yet fallen as much is undecided if it ends falling. A curve of a hundred
    records or more is smoothed first, by a running median over 2 % of them.

    Args:
        log: the run, or a sweep along another axis, such as the width of a network.
        error: name of the curve, positive.
        train: name of the loss on the data that are fitted, positive.
        factor: [1] least height.
        ragged: [1] largest misfit of the four monotone legs, over the logarithm of the height.

    Returns:
        onset [step]: the valley. Effects: `rise`, `fall` [1]; `peak`, `foot` [step]; `misfit` [1] if there is a height.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> finding = hump(Log.of(t, test_loss=np.exp(-t / 200) + np.exp(-(((t - 400) / 60) ** 2))))
        >>> print(finding.state, finding.onset, finding.effects["peak"].value)
        found 280.0 394.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation,
        level_shift.

    Source. Belkin et al., arXiv:1812.11118; Nakkiran et al., arXiv:1912.02292.
    """
    if finding := unfit(log, [error]):
        return finding
    t, y = log[error].finite()
    if t.size < FEW:
        return Finding(State.UNDECIDED, f"{error} has {t.size} finite records; a hump takes {FEW}")
    if y.min() <= 0:
        return Finding(State.NOT_APPLICABLE, f"{error} reaches {y.min():g}; it must be positive")
    window = max(1, y.size // 50) | 1
    x = np.log(median_filter(y, window, mode="nearest"))
    known = bool(train) and log.lacking([train]) is None
    for _ in range(INSTABILITIES if known else 1):
        before, after = np.minimum.accumulate(x), np.minimum.accumulate(x[::-1])[::-1]
        peak = int(np.argmax(np.minimum(x - before, x - after)))
        valley, foot = int(np.argmin(x[: peak + 1])), peak + int(np.argmin(x[peak:]))
        if known and min(x[peak] - x[valley], x[peak] - x[foot]) >= np.log(factor):
            left, right = _part(x, peak)
            unstable = _rises(log[train], t[left], t[right], factor)
            while unstable and right < x.size - 1 and x[right] > x[left] + np.log(factor):
                right += 1
            if unstable or right - left - 1 < WIDE:
                x[left : right + 1] = np.linspace(x[left], x[right], right - left + 1)
                continue
        break
    rise, fall = float(x[peak] - x[valley]), float(x[peak] - x[foot])
    effects = {"rise": Effect(float(np.exp(rise))), "fall": Effect(float(np.exp(fall)))}
    reason = f"{error} rises {np.exp(rise):.3g}-fold from step {t[valley]:g} to its peak at step {t[peak]:g}"
    reason += f" and falls {np.exp(fall):.3g}-fold to step {t[foot]:g}"
    if min(rise, fall) < max(np.log(factor), 1e-9):  # what has no height has no legs
        falling = float(np.max(x - before)) >= np.log(factor) and rising(t, -x)
        return Finding(State.UNDECIDED if falling else State.ABSENT, reason, effects=effects)
    from scipy.optimize import isotonic_regression  # few logs come this far, and it is slow to import

    x = x[: foot + 1] if known else x
    legs = np.split(x, [valley, peak, foot])
    fits = [isotonic_regression(leg, increasing=i % 2 == 1).x for i, leg in enumerate(legs) if leg.size]
    misfit = float(np.sqrt(np.mean((np.concatenate(fits) - x) ** 2))) / min(rise, fall)
    misfit = round(misfit, 6)  # a smooth curve leaves rounding errors
    effects |= {"peak": Effect(float(t[peak]), "step"), "foot": Effect(float(t[foot]), "step")}
    effects["misfit"] = Effect(misfit)
    if misfit > ragged:
        return Finding(State.ABSENT, f"{reason}, but not smoothly: its misfit is {misfit:.2g}", effects=effects)
    near = max(0, valley - window)
    valley = near + int(np.argmin(y[near : valley + window + 1]))  # a median shifts the place of a sharp turn
    spans = (Span(float(t[valley]), float(t[peak]), "rise"), Span(float(t[peak]), float(t[foot]), "fall"))
    return Finding(State.FOUND, reason, float(t[valley]), effects, spans)


def _part(x: np.ndarray, peak: int) -> tuple[int, int]:
    """The nearest records on both sides of a peak that lie below half of its height."""
    low = x < x[peak] - min(x[peak] - x[: peak + 1].min(), x[peak] - x[peak:].min()) / 2
    before, after = np.flatnonzero(low[:peak]), np.flatnonzero(low[peak:])
    return (int(before[-1]) if before.size else 0), (peak + int(after[0]) if after.size else x.size - 1)


def _rises(train: Series, start: float, stop: float, factor: float) -> bool:
    """Whether a train loss rises in a stretch above what it was before."""
    t, y = train.finite()
    inside, before = y[(t >= start) & (t <= stop)], y[t <= start][-FEW:]
    return inside.size > 0 < before.size and float(inside.max()) >= factor * max(float(np.median(before)), 1e-9)
