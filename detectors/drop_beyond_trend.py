"""Drop beyond trend: where the learning rate is cut the loss falls by more than its trend would have taken it."""

from typing import NamedTuple

import numpy as np

from bestiary.about import About, Dial, Scale
from bestiary.detectors._trends import FEW, beyond_trend
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "normal: what the noise of a large step kept up is gone with the step",
    effect="z",
    also=("learning rate decay", "decay phase", "annealing"),
    dial=Dial("z"),
    scales=(Scale(("value",)), Scale(("lr",))),
    do="nothing; compare runs after the decay, since before it the loss hides how far they have come",
    source="Wen et al., arXiv:2410.05192",
)

CUT, MOST = 1.5, 12  # [1] fall of the rate within one record; cuts of a stepwise schedule


class Jump(NamedTuple):
    """What happens at one cut: step, excess and its standard error [loss], and how many-fold the rate falls."""

    step: float
    excess: float
    error: float
    cut: float


def drop_beyond_trend(log: Log, value: str = "value", lr: str = "lr", *, z: float = 4.0) -> Finding:
    """Detect a loss that falls by more than its trend where the learning rate is cut.

    Also known as: learning rate decay, decay phase, annealing.

    A cut is a fall of the rate by a third or more within one record; a schedule has twelve at most. Let m be the number
    of records from the cut to the next one or to the end, at most half of those since the one before or the start. A
    line through the m records before the cut, against the number of the record, is continued to those from m / 8 to
    m / 2 after it:
        excess = mean of the continued line - mean of the loss
    with the standard error of both, where n residuals of lag-one correlation r count as n (1 - r) / (1 + r). The loss
    drops beyond its trend if the excess is `z` standard errors at least. A falling curve that flattens lies above the
    line through its past, so it has no excess. The loss may have any sign; `lr_drop` takes a positive one, and asks how
    much of it goes.

    Args:
        log: the run.
        value: name of the loss. A stranger's loss is `lr_drop`'s: name it to have this rule asked.
        lr: name of the learning rate.
        z: [1] least excess over its standard error.

    Returns:
        onset [step]: the first cut with such a drop. Effects: `z` [1], the largest excess over its standard error;
        `cut` [1], how many-fold the rate fell there; `count` of such cuts.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(300.0)
        >>> log = Log.of(t, value=np.where(t < 150, 1.0, 0.6) - t / 1000, lr=np.where(t < 150, 0.1, 0.01))
        >>> finding = drop_beyond_trend(log)
        >>> print(finding.state, finding.onset, finding.effects["cut"].value)
        found 150.0 10.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation,
        level_shift.

    Source. The decay phase of Wen et al., arXiv:2410.05192; the rule, a line before and a level after, is ours.
    """
    if finding := unfit(log, [value, lr]):
        return finding
    (t, y), (when, rate) = log[value].finite(), log[lr].finite()
    cuts = np.flatnonzero((rate[:-1] >= CUT * rate[1:]) & (rate[1:] > 0)) + 1
    none = {"count": Effect(0.0)}
    if not 0 < cuts.size <= MOST:
        return Finding(State.ABSENT, f"{lr} is cut {cuts.size} times", effects=none)
    at = np.r_[0, np.searchsorted(t, when[cuts]), t.size]
    jumps: list[Jump] = []
    for k, (before, i, after) in enumerate(zip(at[:-2], at[1:-1], at[2:], strict=True)):
        if (jump := beyond_trend(y, before, i, after)) is not None:
            jumps.append(Jump(float(when[cuts[k]]), *jump, float(rate[cuts[k] - 1] / rate[cuts[k]])))
    if not jumps:
        reason = f"no cut of {lr} has {4 * FEW} records of {value} before it and {2 * FEW} after it"
        return Finding(State.UNDECIDED, reason, effects=none)
    found = [jump for jump in jumps if jump.excess >= z * jump.error]
    best = max(jumps, key=lambda jump: jump.excess / jump.error)
    effects = {
        "count": Effect(float(len(found))),
        "z": Effect(best.excess / best.error),
        "cut": Effect(best.cut),
    }
    told = f"at step {best.step:g}, where {lr} is cut {best.cut:.3g}-fold, {value} falls by {best.excess:.3g} "
    told += f"({best.error:.1g}) more than by its trend"
    if not found:
        return Finding(State.ABSENT, told, effects=effects)
    told += f"; {len(found)} such cuts" if len(found) > 1 else ""
    return Finding(State.FOUND, told, found[0].step, effects, tuple(Span(j.step, j.step, "cut") for j in found))
