"""Stuck at chance: the loss begins at what guessing gives, and has not moved from there."""

import numpy as np

from bestiary.about import About, Severity
from bestiary.detectors._levels import guessing, smoothed
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "nothing is learned: the network answers the same whatever it is shown",
    effect="moved",
    severity=Severity.WARNING,
    also=("plateau at chance", "not learning"),
    do="fit one small batch first; if that fails see labels, learning rate, frozen weights, and the last layer",
    source="Karpathy, A recipe for training neural networks, 2019",
    beside={"accuracy": "train_acc"},
    everyday=True,
)

LEAST = 10  # [record]


def stuck_at_chance(log: Log, loss: str = "loss", accuracy: str | None = None, *, near: float = 0.01) -> Finding:
    """Detect a loss that stays at what guessing gives.

    Also known as: plateau at chance, not learning.

    Of ten records or more all, but for noise, lie within `near` of ln k, and none of their running median has fallen
    further. The number k of classes is told by the accuracy, which is 2 / k at most, or is 2, 3, 10, 100 or 1000.

    Args:
        log: the run.
        loss: a cross entropy in nats.
        accuracy: name of its accuracy.
        near: [1] share of ln k by which the median of the records may lie off it.

    Returns:
        onset [step]: the first record. Effects: `moved` [1], by how much of its level the running median fell.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(30.0)
        >>> finding = stuck_at_chance(Log.of(t, loss=np.log(1000) + 0.01 * np.sin(t)))
        >>> print(finding.state, finding.onset)
        found 0.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation,
        level_shift.

    Source. The loss that a classifier should begin with: Karpathy, A recipe for training neural networks, 2019.
    """
    if finding := unfit(log, [loss]):
        return finding
    t, y = log[loss].finite()
    if t.size < LEAST:
        return Finding(State.UNDECIDED, f"{loss} has {t.size} finite records; {LEAST} are needed to tell")
    level, x = float(np.median(y)), smoothed(y)
    seen = None
    if accuracy is not None and log.lacking([accuracy]) is None and (a := log[accuracy].finite().values).size:
        seen = float(np.median(a))
    chance = guessing(level, seen, np.inf)
    moved = float((level - x.min()) / level) if level > 0 else 0.0
    effects = {"moved": Effect(moved)}
    quiet = level > 0 and moved <= 2 * near and abs(float(np.median(y[-5:])) - level) <= near * level
    if not (chance and quiet and abs(y[0] - level) <= 5 * near * level):
        return Finding(State.ABSENT, f"{loss} ends at {y[-1]:.3g}", effects=effects)
    told = f"{loss} is still at {level:.3g} after {t.size} records: {chance}"
    return Finding(State.FOUND, told, float(t[0]), effects, (Span(float(t[0]), float(t[-1]), "chance"),))
