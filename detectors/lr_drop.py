"""Learning-rate drop: the loss falls where the learning rate is cut, which is what a schedule is for."""

import numpy as np

from bestiary.about import About, Scale
from bestiary.detectors._levels import deviation, smoothed
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "normal: the noise that a large step keeps up is gone with it",
    effect="drop",
    also=("learning rate decay",),
    scales=(Scale(("loss",)), Scale(("lr",))),
    do="nothing; a fall of the loss at a cut of the rate is no sign of more to come",
    source="He et al., arXiv:1512.03385, figure 4",
    everyday=True,
)

CUT, NEAR, MOST = 1.5, 8, 12  # [1] fall of the rate within one record; [record] around it; cuts of a stepwise schedule


def lr_drop(log: Log, loss: str = "loss", lr: str = "lr", *, share: float = 0.05, z: float = 4.0) -> Finding:
    """Detect a loss that falls where the learning rate is cut.

    Also known as: learning rate decay.

    A cut is a fall of the rate by a third or more within one record; a schedule has twelve at most. The loss falls with
    it if the median of eight records after it lies `share` below that of eight before it, and `z` times the deviation
    of their difference elsewhere.

    Args:
        log: the run.
        loss: a positive loss.
        lr: name of the learning rate.
        share: [1] least fall of the loss.
        z: [1] least fall over what such differences are without a cut.

    Returns:
        onset [step]: the first cut at which the loss falls. Effects: `count` of such cuts; `drop` [1], the largest fall
        of the loss, as a share; `cut` [1], how many-fold the rate fell there.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(300.0)
        >>> log = Log.of(t, loss=np.where(t < 150, 1.0, 0.6), lr=np.where(t < 150, 0.1, 0.01))
        >>> finding = lr_drop(log)
        >>> print(finding.state, finding.onset)
        found 150.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation,
        level_shift.

    Source. Stepwise schedules, as in He et al., arXiv:1512.03385, figure 4.
    """
    if finding := unfit(log, [loss, lr]):
        return finding
    (t, y), (when, rate) = log[loss].finite(), log[lr].finite()
    if y.min(initial=1) <= 0:
        return Finding(State.NOT_APPLICABLE, f"{loss} reaches {y.min():g}; it must be positive")
    cuts = np.flatnonzero((rate[:-1] >= CUT * rate[1:]) & (rate[1:] > 0)) + 1
    effects = {"count": Effect(0.0)}
    if not 0 < cuts.size <= MOST or t.size < 4 * NEAR:
        return Finding(State.ABSENT, f"{lr} is cut {cuts.size} times", effects=effects)
    logs = np.log(y)
    pairs = range(NEAR, t.size - NEAR + 1, NEAR)
    usual = [np.median(logs[i : i + NEAR]) - np.median(logs[i - NEAR : i]) for i in pairs]
    spread = max(deviation(np.array(usual)), deviation(logs - smoothed(logs)) / np.sqrt(NEAR))
    falls: list[tuple[float, float, float]] = []
    for k in cuts:
        i = int(np.searchsorted(t, when[k]))
        before, after = logs[max(i - NEAR, 0) : i], logs[i + 1 : i + 1 + NEAR]
        if min(before.size, after.size) < NEAR // 2:
            continue
        fall = float(np.median(before) - np.median(after))
        if fall >= max(-np.log(1 - share), z * spread):
            falls.append((float(when[k]), fall, float(rate[k - 1] / rate[k])))
    if not falls:
        return Finding(State.ABSENT, f"{loss} does not fall where {lr} is cut", effects=effects)
    step, fall, cut = max(falls, key=lambda one: one[1])
    drop, onset = float(-np.expm1(-fall)), falls[0][0]
    effects = {"count": Effect(float(len(falls))), "drop": Effect(drop), "cut": Effect(cut)}
    told = f"{loss} falls by {100 * drop:.0f} % at step {step:g}, where the learning rate is cut {cut:.3g}-fold"
    told += f"; {len(falls)} such cuts" if len(falls) > 1 else ""
    return Finding(State.FOUND, told, onset, effects, tuple(Span(at, at, "cut") for at, _, _ in falls))
