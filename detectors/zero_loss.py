"""Zero loss: a loss is exactly 0 from some record to the end, and was not on its way there."""

import numpy as np

from bestiary.about import About, Scale, Severity
from bestiary.detectors._levels import kept
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "no number of a healthy run is exactly 0: nothing is learned from there on",
    effect="before",
    severity=Severity.ERROR,
    also=("loss is 0.0",),
    scales=(Scale(("loss",)),),
    do="look for an overflow in half precision (try bfloat16), and for batches in which every label is masked",
    source="github.com/hiyouga/LLaMA-Factory/issues/2916",
    beside={"accuracy": "train_acc"},
    on={"test_loss": {}},
    everyday=True,
)

LEAST = 3  # [record] before, and of exact zeros after


def zero_loss(log: Log, loss: str = "loss", accuracy: str | None = None, *, share: float = 0.05) -> Finding:
    """Detect a loss that is exactly 0 from some record to the end, with no descent before it.

    Also known as: loss is 0.0.

    All records from some one on are exactly 0, at least three; before them the median of the last five is positive and
    at least `share` of the first record, so that a loss that was fitted, and then rounded to 0, does not count. Nor
    does one whose accuracy ends at nine tenths of its best.

    Args:
        log: the run.
        loss: name of the loss.
        accuracy: name of an accuracy that falls with it.
        share: [1] of the first record that the loss must have had before.

    Returns:
        onset [step]: the first exact 0 of those that last. Effects: `before` [1], the level before
        them over the first record.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(100.0)
        >>> finding = zero_loss(Log.of(t, loss=np.where(t < 60, 2 - t / 100, 0.0)))
        >>> print(finding.state, finding.onset)
        found 60.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation.

    Source. Logs in which half precision overflowed, or no label was left: hiyouga/LLaMA-Factory#2916, unsloth#712.
    """
    if finding := unfit(log, [loss]):
        return finding
    t, y = log[loss].finite()
    begin = t.size - int(np.argmax(y[::-1] != 0)) if (y != 0).any() else 0
    before = float(np.median(y[max(begin - 5, 0) : begin])) if begin else 0.0
    effects = {"before": Effect(before / y[0] if y.size and y[0] > 0 else 0.0)}
    if t.size - begin < LEAST or begin < LEAST or not before > 0 or before < share * y[0] or kept(log, accuracy):
        few = 0 < t.size - begin < LEAST <= begin and before > 0
        reason = f"{loss} ends at {y[-1] if y.size else 0:.3g}"
        return Finding(State.UNDECIDED if few else State.ABSENT, reason, effects=effects)
    told = f"{loss} is exactly 0 from step {t[begin]:g} to the end at {t[-1]:g}; it was {before:.3g} before"
    onset = float(t[begin])
    return Finding(State.FOUND, told, onset, effects, (Span(onset, float(t[-1]), "zero"),))
