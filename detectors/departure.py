"""Departure: a quantity has left its initial value by the time the loss is fitted."""

import numpy as np

from bestiary.about import About, Dial, Scale
from bestiary.detectors._curves import sustained
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "features are learned; neither good nor bad",
    effect="distance",
    also=("kernel movement", "lazy to rich training", "feature learning"),
    dial=Dial("least", "times"),
    scales=(Scale(("train_loss",)),),
    by_name=True,
    waits=("t_fitted",),
    do="nothing; a wider network or a larger output scale stays closer to where it began",
)


def departure(
    log: Log,
    distance: str = "kernel_distance",
    loss: str = "train_loss",
    *,
    least: float = 0.02,
    fitted: float = 0.05,
) -> Finding:
    """Detect a quantity that has left its initial value by the time the loss is fitted.

    Also known as: kernel movement, lazy to rich training, feature learning.

    The rule compares runs at matched loss: of two runs that fit alike, which one has changed. The loss is fitted at the
    first record from which the loss stays at `fitted` of its first value or below. With d the distance then, the phase
    is
        rich   d >= `least`    found; the quantity had to move for the loss to fall
        lazy   d <  `least`    absent
    A run whose loss is not fitted is undecided.

    Args:
        log: the run; the two curves may have different axes of steps.
        distance: name of the distance from the start, 0 there.
        loss: name of the train loss.
        least: [unit of distance] what counts as moved.
        fitted: [1] share of the first loss that counts as fitted.

    Returns:
        onset [step]: the first record from which the distance stays at `least` or above. Effects: `distance` d;
        `final_distance`; `t_fitted` [step].

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> loss = np.exp(-t / 100)
        >>> finding = departure(Log.of(t, train_loss=loss, kernel_distance=1 - loss))
        >>> print(finding.state, finding.phase, finding.onset)
        found rich 3.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, minibatch, level_shift.

    Source. Chizat, Oyallon, Bach, arXiv:1812.07956.
    """
    if finding := unfit(log, [distance, loss]):
        return finding
    (when, far), (t, y) = log[distance].finite(), log[loss].finite()
    if far[0] >= least:
        return Finding(
            State.NOT_APPLICABLE, f"{distance} is {far[0]:.3g} at the start; a distance begins below {least:g}"
        )
    left, down = sustained(far >= least), sustained(y <= fitted * y[0])
    onset = np.nan if left is None else float(when[left])
    effects = {"final_distance": Effect(float(far[-1]))}
    if down is None:
        reason = (
            f"{loss} ends at {y[-1] / y[0]:.3g} of its first value, not at {fitted:g}; {distance} is {far[-1]:.3g} then"
        )
        return Finding(State.UNDECIDED, reason, effects=effects)
    at = float(np.interp(t[down], when, far))
    effects |= {"distance": Effect(at), "t_fitted": Effect(float(t[down]), "step")}
    reason = f"{distance} is {at:.3g} when {loss} is fitted at step {t[down]:g}"
    if at < least or left is None:
        return Finding(State.ABSENT, reason, effects=effects, phase="lazy")
    return Finding(State.FOUND, reason, onset, effects, (Span(onset, max(onset, float(t[down])), "moved"),), "rich")
