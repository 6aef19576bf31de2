"""Decline: a score that recurs, such as the accuracy on every new task, falls and does not come back."""

import numpy as np

from bestiary.about import About, Dial, Severity
from bestiary.detectors._curves import FEW, smooth
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "an ability is being lost",
    effect="kept",
    severity=Severity.WARNING,
    also=("loss of plasticity", "forgetting"),
    dial=Dial("share", "below_one"),
    do="reset or regenerate units that no longer learn, add weight decay or layer normalisation",
    source="Dohare et al., arXiv:2306.13812",
)

EDGE = 5  # [record] that make the first and the last level


def decline(
    log: Log,
    level: str = "train_acc",
    *,
    share: float = 0.8,
    least: float = 0.5,
) -> Finding:
    """Detect a recurring score, such as the accuracy at the end of every task, that falls and does not come back.

    Also known as: loss of plasticity, forgetting.

    The first and the last level are the medians of the first and the last five finite records. There is a decline if
        first >= `least`  and  last <= `share` first,
    and if a running median of the curve stays at or below `share` first for the last eight records at least. The
    running median takes 2 % of the records, and at least five. A shorter stay is undecided. A first level below `least`
    is no ability to lose, so the question is not applicable.

    Args:
        log: the run.
        level: name of the channel with the score, higher is better.
        share: [1] of the first level, at which it counts as lost.
        least: [unit of the score] first level that counts as an ability.

    Returns:
        onset [step]: the first record of the stretch at or below `share` first that lasts to the end. Effects:
        `first`, `last`, the two levels; `kept`, last over first.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> task = np.arange(100)
        >>> finding = decline(Log.of(task, train_acc=0.9 - 0.006 * task))
        >>> print(finding.state, finding.onset)
        found 32.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, memorisation,
        confusion, comprehension, slow_comprehension, partial_generalisation.

    Source. Comparison of early with late tasks as in Dohare et al., arXiv:2306.13812; the thresholds are our rule.
    """
    if finding := unfit(log, [level]):
        return finding
    t, y = log[level].finite()
    if t.size < 2 * FEW:
        return Finding(State.UNDECIDED, f"{level} has {t.size} finite records; two levels take {2 * FEW}")
    first, last = float(np.median(y[:EDGE])), float(np.median(y[-EDGE:]))
    effects = {"first": Effect(first), "last": Effect(last)}
    if first < least:
        return Finding(State.NOT_APPLICABLE, f"{level} starts at {first:.3g}, below {least:g}", effects=effects)
    effects["kept"] = Effect(last / first)
    reason = f"{level} goes from {first:.3g} to {last:.3g}"
    lost = smooth(y) <= share * first
    if not lost[-1] or last > share * first:
        return Finding(State.ABSENT, reason, effects=effects)
    begin = 0 if lost.all() else t.size - int(np.argmin(lost[::-1]))
    if t.size - begin < FEW:
        return Finding(State.UNDECIDED, f"{reason}, but only from step {t[begin]:g} of {t[-1]:g} on", effects=effects)
    onset = float(t[begin])
    told = f"{reason}; at or below {share:g} of the first level from step {onset:g} on"
    return Finding(State.FOUND, told, onset, effects, (Span(onset, float(t[-1]), "lost"),))
