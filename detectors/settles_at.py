"""Settles at: a curve comes from elsewhere, settles on a predicted level, and stays there."""

import numpy as np
from scipy.ndimage import median_filter

from bestiary.about import About, Dial, Scale
from bestiary.detectors._curves import FEW
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "a comparison that was asked for",
    effect="settled_over_level",
    also=("settling time",),
    dial=Dial("tolerance", "over"),
    scales=(Scale(("value", "level")),),
    do="nothing: it has come to rest",
)


def settles_at(
    log: Log,
    value: str = "value",
    level: str = "level",
    *,
    tolerance: float = 0.05,
    patience: float = 1.5,
    moving: float = 0.05,
) -> Finding:
    """Detect a curve that settles on a level that theory predicts, the level being recorded beside it.

    Also known as: settling time.

    Let y be the running median of the curve over 2 % of its records, y0 its first record, y* the level and y*_T the
    level at the end. The curve is at the level where
        |y - y*| <= `tolerance` min(|y*_T|, |y0 - y*_T|).
    The tolerance is a small part both of the level and of the way there, so a level of 0 is reached only exactly. The
    curve has settled at t_s if it is at the level from t_s to the end T of the run, and T >= `patience` t_s.

    The question is not applicable to a curve that starts at its level, to within `tolerance` y*_T. A curve that arrives
    after T / `patience` is undecided. A curve that is elsewhere at T is undecided if it still approaches: the median of
    |y - y*| over the last third of the steps lies more than a share `moving` below that over the third before.

    Args:
        log: the run; the two channels may have different axes of steps.
        value: name of the channel that settles.
        level: name of the channel with the prediction, constant or not.
        tolerance: [1] relative distance that still counts as at the level.
        patience: [t_s] how long a run must last before to have settled means anything.
        moving: [1] share of the distance lost between the last two thirds, above which a curve still approaches.

    Returns:
        onset [step]: t_s. Effects: `settled_over_level`, the mean of y over the mean of y*, both over the last third of
        the steps; `distance`, the difference of the means over min(|y*_T|, |y0 - y*_T|), where that is not 0.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> finding = settles_at(Log.of(t, value=1 - np.exp(-t / 50), level=np.ones(1000)))
        >>> print(finding.state, finding.onset)
        found 150.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation,
        level_shift.

    Source. The rule is the settling time of control theory, with a start that must lie outside the band.
    """
    if finding := unfit(log, [value, level]):
        return finding
    t, y = log[value].finite()
    if t.size < FEW:
        return Finding(State.UNDECIDED, f"{value} has {t.size} finite records; a start and a level take {FEW}")
    aim = np.interp(t, *log[level].finite())
    goal, start = float(aim[-1]), float(y[0])
    y = median_filter(y, max(5, t.size // 50) | 1, mode="mirror")  # so that no single record decides at the end
    if min(abs(start - goal), abs(start - aim[0])) <= tolerance * abs(goal):
        return Finding(State.NOT_APPLICABLE, f"{value} starts at {start:g}, where {level} is {goal:g}: nowhere to go")

    scale, away = min(abs(goal), abs(start - goal)), np.abs(y - aim)
    share = (t - t[0]) / (t[-1] - t[0])
    late, before = share > 2 / 3, (share > 1 / 3) & (share <= 2 / 3)
    final, effects = float(y[late].mean()), {}
    if goal:
        effects = {"settled_over_level": Effect(final / float(aim[late].mean()))}
        effects["distance"] = Effect((final - float(aim[late].mean())) / scale)
    there = away <= tolerance * scale
    reason = f"{value} goes from {start:.4g} to {final:.4g}, where {level} is {goal:.4g}"
    if there[-1]:
        first = t.size - int(np.argmin(there[::-1])) if not there.all() else 0
        onset = float(t[first])
        if t[-1] >= patience * onset:
            told = f"{reason}; there from step {onset:g} of {t[-1]:g} on"
            return Finding(State.FOUND, told, onset, effects, (Span(onset, float(t[-1]), "settled"),))
        return Finding(State.UNDECIDED, f"{reason}; there only from step {onset:g} of {t[-1]:g} on", effects=effects)
    if before.any() and np.median(away[late]) >= (1 - moving) * np.median(away[before]):
        return Finding(State.ABSENT, f"{reason}, and comes no nearer", effects=effects)
    return Finding(State.UNDECIDED, f"{reason}, and still approaches", effects=effects)
