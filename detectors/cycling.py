"""Cycling: a curve goes round and round and does not come to rest."""

import numpy as np

from bestiary.about import About, Dial, Scale, Severity
from bestiary.detectors._curves import FEW
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "the run does not come to rest",
    effect="period",
    unit="step",
    severity=Severity.WARNING,
    also=("limit cycle",),
    dial=Dial("tolerance", "over"),
    scales=(Scale(("value",)),),
    do="damp it: a smaller step, a gradient penalty, an average of the weights",
    source="Mescheder et al., arXiv:1801.04406",
    on={"gen_loss": {}, "disc_loss": {}},
)


def cycling(
    log: Log,
    value: str = "value",
    *,
    cycles: float = 3.0,
    tolerance: float = 0.05,
    away: float = 0.5,
    kept: float = 0.9,
) -> Finding:
    """Detect a lasting oscillation with one period.

    Also known as: limit cycle.

    Let x be the curve over the last half of the steps, interpolated to even steps, less its mean, and
        D(lag) = 1 - <x_t, x_t+lag> / (|x_t| |x_t+lag|).
    Neither the scale of x nor a steady growth or decay of x changes D. A curve that cycles leaves itself, D > `away`,
    and comes back, D < `tolerance`. The period is the lag of the first minimum of D below `tolerance`. The oscillation
    lasts if `cycles` periods fit into the last half, and the deviation of x in the last quarter of the run is at least
    `kept` times its deviation in the quarter before. A run is undecided if it has no period, and the curve passes its
    mean too rarely to tell.

    Args:
        log: the run.
        value: name of the channel that cycles.
        cycles: [1] least periods within the last half of the run.
        tolerance: [1] D below which the curve has come back; lower it to tell a period from its double.
        away: [1] D above which the curve has left.
        kept: [1] least ratio of the deviations.

    Returns:
        onset [step]: the first record past the mean of the last half. Effects: `period` [step], to a fraction of a
        record; `growth_per_cycle`, the deviation over the deviation one period before; `kept`, the ratio of the
        deviations.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> finding = cycling(Log.of(t, value=np.sin(2 * np.pi * t / 50)))
        >>> print(finding.state, finding.onset, round(finding.effects["period"].value))
        found 26.0 50

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation,
        level_shift.

    Source. The first dip of a difference function is the pitch rule of de Cheveigne and Kawahara (2002), doi
    10.1121/1.1458024; a correlation stands in for the difference, so that spirals have a period too.
    """
    if finding := unfit(log, [value]):
        return finding
    t, y = log[value].finite()
    late = t >= t[-1] / 2
    if late.sum() < 2 * FEW:
        return Finding(State.UNDECIDED, f"{value} has {late.sum()} finite records in its last half; want {2 * FEW}")
    even = np.linspace(t[late][0], t[-1], int(late.sum()))
    x, grain = np.interp(even, t, y), float(even[1] - even[0])
    middle, size = float(x.mean()), x.size
    x = x - middle
    if np.abs(x).max() <= 1e-6 * np.abs(y).max():
        return Finding(State.ABSENT, f"{value} rests at {middle:.4g}")

    lags = np.arange(1, min(size - 1, int(size / cycles) + 2))
    power = np.r_[0.0, np.cumsum(x**2)]
    overlap = np.correlate(x, x, "full")[size - 1 :][lags]
    before, after = power[size - lags], power[size] - power[lags]  # |x_t|^2 and |x_t+lag|^2 where both exist
    distance = 1 - overlap / np.sqrt(np.maximum(before * after, 1e-300))
    old, new = (float(np.sqrt(np.mean(part**2))) for part in np.array_split(x, 2))
    effects = {"kept": Effect(new / old)} if old else {}
    left = int(np.argmax(distance > away))
    back = left + np.flatnonzero(distance[left:] < tolerance)
    turns = int(np.sum(np.diff(np.signbit(x))))
    if distance[left] <= away or not back.size:
        reason = f"{value} never comes back within {lags[-1] * grain:g} steps; it passes its mean {turns} times"
        return Finding(State.UNDECIDED if 1 < turns < 2 * cycles else State.ABSENT, reason, effects=effects)
    dip = int(back[0])
    while dip + 1 < lags.size and distance[dip + 1] < distance[dip]:
        dip += 1
    lag = float(lags[dip])
    if 0 < dip < lags.size - 1:  # the bottom of a parabola through three records
        a, b, c = distance[dip - 1 : dip + 2]
        lag += 0.5 * float((a - c) / (a - 2 * b + c))
    growth = float(np.sqrt(after[dip] / before[dip]) ** (lag / lags[dip]))
    effects |= {"period": Effect(lag * grain, "step"), "growth_per_cycle": Effect(growth)}
    reason = f"{value} comes back every {lag * grain:.4g} steps, {growth:.4g} times as far from {middle:.3g}"
    if new < kept * old:
        return Finding(State.ABSENT, f"{reason}, and comes to rest", effects=effects)
    onset = float(t[np.argmax(np.signbit(y - middle) != np.signbit(y[0] - middle))])
    return Finding(State.FOUND, reason, onset, effects, (Span(onset, float(t[-1]), "cycling"),))
