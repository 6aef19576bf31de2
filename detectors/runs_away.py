"""Runs away: a loss falls below zero and on without bound, faster and faster; one of two players, also above."""

import numpy as np

from bestiary.about import About, Scale, Severity
from bestiary.detectors._levels import smoothed
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "a loss that has no minimum is not minimised: something in it has no lower bound",
    effect="times",
    severity=Severity.ERROR,
    also=("unbounded loss",),
    scales=(Scale(("loss",)),),
    do="look for a term without a lower bound: a sign, a logarithm of no probability, targets outside of their range",
    on={"test_loss": {}, "gen_loss": {"above": 1.0}, "disc_loss": {"above": 1.0}},
    everyday=True,
)

LEAST = 16  # [record] of a curve


def runs_away(log: Log, loss: str = "loss", *, times: float = 100.0, late: float = 0.6, above: float = 0.0) -> Finding:
    """Detect a loss that runs away below zero.

    Also known as: unbounded loss.

    The running median ends below zero, `times` as far as the largest of the first 5 % of the records lies from it, and
    at least `late` of its whole fall happens in the second half of the run: a likelihood that is fitted falls ever more
    slowly, a line has one half.

    Args:
        log: the run.
        loss: name of the loss.
        times: [1] least end over start.
        late: [1] least share of the fall in the second half of the records.
        above: [1] above 0 to look for a loss that runs away above zero, too, as one of two players' may.

    Returns:
        onset [step]: the first record from which the loss stays below zero. Effects: `times` [1], end over start.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(200.0)
        >>> finding = runs_away(Log.of(t, loss=2 - np.exp(t / 10)))
        >>> print(finding.state, finding.onset)
        found 7.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation.

    Source. Logs of binary cross entropies with targets outside of [0, 1], and of mixtures whose variance goes to zero.
    """
    if finding := unfit(log, [loss]):
        return finding
    t, y = log[loss].finite()
    if t.size < LEAST:
        return Finding(State.UNDECIDED, f"{loss} has {t.size} finite records; {LEAST} are needed to tell")
    x = smoothed(y)
    start = float(np.abs(y[: max(3, t.size // 20)]).max())
    rising = above > 0 and x[-1] > 0
    x, y = (-x, -y) if rising else (x, y)
    ratio = float(min(-x[-1] / start, 1e12)) if x[-1] < 0 < start else 0.0
    effects = {"times": Effect(ratio)}
    fall, half = float(x.max() - x[-1]), float(x[: t.size // 2 + 1].max() - x[t.size // 2])
    first, last = (-y[0], -y[-1]) if rising else (y[0], y[-1])
    if ratio < times or fall - half < late * fall:
        return Finding(State.ABSENT, f"{loss} goes from {first:.3g} to {last:.3g}", effects=effects)
    if rising:
        onset = float(t[np.flatnonzero(x > -times * start)[-1] + 1])
        told = f"{loss} runs away to {last:.3g}, {ratio:.3g} times as far as where it began"
        return Finding(State.FOUND, told, onset, effects, (Span(onset, float(t[-1]), "runs away"),))
    onset = float(t[np.flatnonzero(y >= 0)[-1] + 1]) if (y >= 0).any() else float(t[0])
    told = f"{loss} is below zero from step {onset:g} on and runs away to {y[-1]:.3g}: it has no lower bound"
    return Finding(State.FOUND, told, onset, effects, (Span(onset, float(t[-1]), "below zero"),))
