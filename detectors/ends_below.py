"""Ends below: one of two curves of the same quantity ends well below the other, and stays there."""

import numpy as np

from bestiary.about import About, Dial, Scale
from bestiary.detectors._curves import FEW, smooth
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "a comparison that was asked for",
    effect="ratio",
    also=("paired comparison", "gap to a baseline"),
    dial=Dial("share", "below_one"),
    scales=(Scale(("lower", "upper")),),
    do="nothing: it is what the comparison was to show",
)


def ends_below(
    log: Log,
    lower: str = "lower",
    upper: str = "upper",
    *,
    share: float = 0.8,
    patience: float = 1.25,
) -> Finding:
    """Detect one curve that ends below a share of another, and stays there.

    Also known as: paired comparison, gap to a baseline.

    Let a and b be running medians of the lower and the upper curve over 2 % of their records, with b interpolated to
    the steps of a. The lower curve is below where a <= `share` b and b > 0. The lower curve ends below if it is below
    from t_s to the end T of the run, and T >= `patience` t_s. A later t_s is undecided. If b <= 0 at the end, the ratio
    has no meaning, so the question is not applicable.

    Args:
        log: the run; the two channels may have different axes of steps, and have one unit.
        lower: name of the channel that is to end lower.
        upper: name of the channel it is compared with.
        share: [1] largest ratio that counts as below.
        patience: [t_s] how long a run must last before to be below means anything.

    Returns:
        onset [step]: t_s. Effects: `ratio`, the median of a over that of b, both over the last third of the steps.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> finding = ends_below(Log.of(t, lower=np.exp(-t / 100), upper=np.exp(-t / 200) + 0.1))
        >>> print(finding.state, finding.onset)
        found 24.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation,
        level_shift, hump.

    Source. Our rule: a comparison within one run, in which nothing but the two curves' cause differs.
    """
    if finding := unfit(log, [lower, upper]):
        return finding
    (t, a), (when, b) = log[lower].finite(), log[upper].finite()
    if min(t.size, when.size) < FEW:
        return Finding(State.UNDECIDED, f"{lower} or {upper} has fewer than {FEW} finite records")
    a, b = smooth(a), np.interp(t, when, smooth(b))
    late = t - t[0] > 2 * (t[-1] - t[0]) / 3
    final, other = float(np.median(a[late])), float(np.median(b[late]))
    if b[-1] <= 0 or other <= 0:
        return Finding(State.NOT_APPLICABLE, f"{upper} ends at {b[-1]:.4g}; a ratio to it takes a positive number")
    effects = {"ratio": Effect(final / other)}
    reason = f"{lower} ends at {final:.4g}, {final / other:.3g} times {upper}"
    below = (a <= share * b) & (b > 0)
    if not below[-1]:
        return Finding(State.ABSENT, reason, effects=effects)
    first = t.size - int(np.argmin(below[::-1])) if not below.all() else 0
    onset = float(t[first])
    if t[-1] < patience * onset:
        return Finding(State.UNDECIDED, f"{reason}; only from step {onset:g} of {t[-1]:g} on", effects=effects)
    told = f"{reason}; below {share:g} of it from step {onset:g} of {t[-1]:g} on"
    return Finding(State.FOUND, told, onset, effects, (Span(onset, float(t[-1]), "below"),))
