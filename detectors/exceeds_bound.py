"""Exceeds a bound: a quantity rises beyond a limit recorded beside it, and stays beyond."""

import numpy as np

from bestiary.about import About, Dial, Scale
from bestiary.detectors._curves import FEW, rising, smooth
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "a comparison that was asked for",
    effect="over_bound",
    also=("threshold crossing", "limit violation"),
    dial=Dial("margin", "times"),
    scales=(Scale(("value", "bound")),),
    do="nothing: more features than dimensions are usual where features are sparse",
    source="Elhage et al., arXiv:2209.10652",
)


def exceeds_bound(
    log: Log,
    value: str = "value",
    bound: str = "bound",
    *,
    margin: float = 0.1,
    moving: float = 0.05,
) -> Finding:
    """Detect a quantity that ends beyond the bound that a simpler account of it sets.

    Also known as: threshold crossing, limit violation.

    Let v be the running median of the quantity, B > 0 the bound, T the length of the run. The quantity exceeds the
    bound if it starts at or below B, and v > (1 + `margin`) B from some step t_x <= 2 T / 3 to the end.

    The question is not applicable to a quantity that starts above B. A quantity that is above at the end, but not for
    the last third of the run, is undecided. A quantity that ends below and still rises by more than `moving` B is
    undecided.

    Args:
        log: the run; the two channels may have different axes of steps.
        value: name of the quantity, such as a number of things stored.
        bound: name of the limit, such as the number of places to store them in; constant or not.
        margin: [B] least excess; a count has to be whole numbers beyond.
        moving: [B] rise, from the third quarter to the end, by which a quantity below the bound still rises.

    Returns:
        onset [step]: t_x. Effects: `over_bound`, the median of v / B over the last third of the steps.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> finding = exceeds_bound(Log.of(t, value=np.minimum(t / 10, 30), bound=np.full(1000, 20.0)))
        >>> print(finding.state, finding.onset, finding.effects["over_bound"].value)
        found 221.0 1.5

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, start_transient, minibatch, autocorrelated, heavy_tails, oscillation, level_shift.

    Source. The criterion of Elhage et al., arXiv:2209.10652: more features represented than dimensions.
    """
    if finding := unfit(log, [value, bound]):
        return finding
    t, y = log[value].finite()
    if t.size < FEW:
        return Finding(State.UNDECIDED, f"{value} has {t.size} finite records; a start and an end take {FEW}")
    limit = np.interp(t, *log[bound].finite())
    if limit.min() <= 0:
        return Finding(State.NOT_APPLICABLE, f"{bound} goes down to {limit.min():g}; it must be positive")
    if y[0] > limit[0]:
        return Finding(State.NOT_APPLICABLE, f"{value} starts at {y[0]:g}, above its bound {limit[0]:g}")

    part = smooth(y) / limit
    late = t - t[0] >= 2 * (t[-1] - t[0]) / 3
    over = float(np.median(part[late]))
    effects = {"over_bound": Effect(over)}
    reason = f"{value} ends at {y[-1]:.4g}, {over:.4g} times its bound"
    beyond = part > 1 + margin
    if beyond[late].all():
        first = t.size - int(np.argmin(beyond[::-1]))  # it starts below, so some record is not beyond
        onset = float(t[first])
        span = Span(onset, float(t[-1]), "beyond the bound")
        return Finding(State.FOUND, f"{reason}; beyond it from step {onset:g} on", onset, effects, (span,))
    if beyond[-1]:
        return Finding(State.UNDECIDED, f"{reason}; beyond it, but not for the last third of the run", effects=effects)
    state = State.UNDECIDED if part[-1] > 0 and rising(t, part, moving) else State.ABSENT
    return Finding(state, reason, effects=effects)
