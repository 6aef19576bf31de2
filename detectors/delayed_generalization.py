"""Delayed generalisation: test accuracy rises long after train accuracy has."""

import numpy as np

from bestiary.about import About, Dial
from bestiary.detectors._curves import LEAST, rise_width, rising, sustained
from bestiary.log import Effect, Finding, Log, Series, Span, State, unfit

ABOUT = About(
    "stopping early would have missed it",
    effect="delay_ratio",
    also=("grokking",),
    dial=Dial("ratio", "above_one"),
    log_axis=True,
    waits=("t_train", "t_test"),
    do="nothing: it has generalised; a run that has memorised only goes on, with weight decay, or is given more data",
    source="Power et al., arXiv:2201.02177",
    asked={"followed": 1},
)


def _reached(curve: Series, level: float, followed: int) -> tuple[float, float]:
    """[step] at which a curve reaches a level to stay, and [step] of the record before; nan if it never does.

    Where a run may have been stopped there, `followed` is 1: then the last record counts if the curve has risen to it.
    """
    t, a = curve
    if followed == 1 and a.size > LEAST and sustained(a >= level) is None and a[-1] >= level:
        i = int(np.argmin((a >= level)[::-1]))  # records at the level that the run ends with
        return (float(t[-i]), float(t[-i - 1])) if a[-i] > a[:-i].max() else (np.nan, np.nan)
    if (i := sustained(a >= level)) is None:
        return np.nan, np.nan
    return float(max(t[i], t[1] - t[0])), float(t[i - 1]) if i else 0.0


def delayed_generalization(
    log: Log,
    train: str = "train_acc",
    test: str = "test_acc",
    *,
    chance: float | None = None,
    ratio: float = 3.0,
    memorised: float = 0.99,
    generalised: float = 0.95,
    ignorant: float = 0.5,
    patience: float = 10.0,
    followed: int = 3,
) -> Finding:
    """Detect a test accuracy that rises long after the train accuracy has, and tell it from its neighbours.

    Also known as: grokking.

    The train accuracy is reached at t1, the test accuracy at t2. A level is reached at the first record at or above it
    that 80 % of the next five records share, so a dip does not matter, and no earlier than one interval of evaluation.
    Without a t2, the median of the train accuracy from t1 on must be at its level too. With
    z = (test - chance) / (1 - chance) at t1, the phase is
        confusion      no t1                              absent; undecided if train accuracy ends rising
        memorisation   t1, no t2                          absent; undecided if test accuracy ends rising, or the run
                                                          ends before `patience` t1
        comprehension  t2 < ratio t1, or z >= ignorant    absent; undecided if t1 lies in the first interval of
                                                          evaluation, and so is but an upper bound
        grokking       t2 >= ratio t1, and z < ignorant   found; undecided if no evaluation after ratio t1 saw test
                                                          accuracy still low

    Args:
        log: the run; the two accuracies, in [0, 1], may have different axes of steps.
        train: name of the train accuracy.
        test: name of the test accuracy.
        chance: [1] accuracy of guessing; None: that of the untrained network, the first record of test accuracy, taken
            for at most 1/2, and for 0 if it is above 0.6, as in a log that begins late.
        ratio: [1] least t2 / t1, a gap in the logarithm of time.
        memorised: [1] train accuracy at t1.
        generalised: [1] test accuracy at t2.
        ignorant: [1] z below which test accuracy is low; far below chance is low too.
        patience: [t1] how long a run must last before not to generalise means anything.
        followed: [record] after t2 that must be there; 1: none, if test accuracy is then higher than ever before, since
            a run is often stopped when it generalises.

    Returns:
        onset [step]: t2. Effects: `t_train`, `t_test` [step]; `delay_ratio` t2 / t1, and where t2 is missing its lower
        bound `waited`; `test_acc_when_memorised` and its z, `z_when_memorised`; `final_test_acc`; `rise_width`, log10
        of the time from 10 % to 90 % of the rise of test accuracy.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(0, 5000, 10)
        >>> log = Log.of(t, train_acc=np.where(t < 100, 0.1, 1.0), test_acc=np.where(t < 2000, 0.1, 1.0))
        >>> finding = delayed_generalization(log)
        >>> print(finding.state, finding.onset, finding.effects["delay_ratio"].value)
        found 2000.0 20.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, comprehension, slow_comprehension, memorisation, confusion, partial_generalisation.

    Source. Power et al., arXiv:2201.02177; phases of Liu et al., arXiv:2205.10343, by a ratio, not a gap, of steps.
    """
    if chance is not None and not 0 <= chance < 1:
        raise ValueError(f"chance is {chance:g}; it is an accuracy in [0, 1)")
    if finding := unfit(log, [train, test]):
        return finding
    learn, grasp = log[train].finite(), log[test].finite()
    (t1, t1_before), (t2, t2_before) = _reached(learn, memorised, 3), _reached(grasp, generalised, followed)
    if np.isnan(t2) and np.isfinite(t1) and np.median(learn.values[learn.steps >= t1]) < memorised:
        t1 = np.nan  # a few minibatches in a row happened to be right
    last, delay, low = float(grasp.steps[-1]), t2 / t1, float(np.interp(t1, *grasp))
    if chance is None:
        chance = min(float(grasp.values[0]), 0.5) if grasp.values[0] <= 0.6 else 0.0
    z, final = (low - chance) / (1 - chance), float(np.median(grasp.values[-5:]))
    seen = {"delay_ratio": delay, "test_acc_when_memorised": low, "z_when_memorised": z, "final_test_acc": final}

    reason = f"memorised at step {t1:g}, {test} {low:.3g} then; generalised at step {t2:g}, {delay:.3g} times as late"
    if np.isnan(t1):
        phase, unclear = ("confusion", rising(*learn)) if np.isnan(t2) else ("comprehension", False)
        reason = f"{train} never stays at {memorised:g} within {learn.steps[-1]:g} steps"
    elif np.isnan(t2):
        seen["waited"] = last / t1
        phase, unclear = "memorisation", last < patience * t1 or rising(*grasp) or grasp.values[-1] >= generalised
        reason = f"memorised at step {t1:g}; {test} never stays at {generalised:g} until {last / t1:.3g} times as late"
    elif delay >= ratio and z < ignorant:
        phase, unclear = "grokking", t2_before < ratio * t1
        seen["rise_width"] = rise_width(*grasp, low, t2)
    else:
        phase, unclear = "comprehension", delay < ratio and t1_before <= 0
    state = State.UNDECIDED if unclear else State.FOUND if phase == "grokking" else State.ABSENT
    effects = {"t_train": Effect(t1, "step"), "t_test": Effect(t2, "step")} | {k: Effect(v) for k, v in seen.items()}
    effects = {name: effect for name, effect in effects.items() if np.isfinite(effect.value)}
    spans = (Span(t1, max(t1, last if np.isnan(t2) else t2), "memorised"),) if np.isfinite(t1) else ()
    return Finding(state, reason, t2 if state is State.FOUND else np.nan, effects, spans, phase)
