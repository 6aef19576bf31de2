"""Conserved: much flows between the parts of a quantity, and the quantity itself does not change."""

import numpy as np

from bestiary.about import About, Dial
from bestiary.detectors._curves import FEW
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "a property of the training flow",
    effect="worst",
    also=("conservation law", "invariant"),
    dial=Dial("tolerance", "over"),
    do="nothing; without the conserved quantity look for momentum, weight decay or a large step",
)


def conserved(
    log: Log,
    drift: str = "drift",
    exchange: str = "exchange",
    *,
    tolerance: float = 0.05,
    least: float = 0.1,
) -> Finding:
    """Detect that a balance Q = A - B is kept while its parts A and B change.

    Also known as: conservation law, invariant.

    The drift is the distance of Q from the value that the conservation law gives. The exchange is the distance of A or
    B from its initial value. Both are at least 0, in units of one scale, such as |Q| at the start. With E(t) the
    largest exchange up to t, Q is conserved if
        |drift| <= `tolerance` E(t)  wherever  E(t) >= `least`.
    A constant Q says nothing before that much has flowed. A run whose exchange stays below `least` is undecided.

    Args:
        log: the run; the two channels may have different axes of steps.
        drift: name of the channel with what Q lost or gained.
        exchange: name of the channel with what flowed between its parts.
        tolerance: [1] largest drift per exchange that counts as none.
        least: [unit of exchange] exchange from which on the balance is put to the test.

    Returns:
        onset [step]: where the exchange first reaches `least`. Effects: `worst`, the largest of drift / E(t) from
        there on; `exchanged` and `drifted`, the largest exchange and drift.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> finding = conserved(Log.of(t, exchange=t / 1000, drift=t / 100_000))
        >>> print(finding.state, finding.onset)
        found 100.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation,
        level_shift.

    Source. Kunin et al., arXiv:2012.04728, compare a balance with its law; that it must be put to a test is our rule.
    """
    if finding := unfit(log, [drift, exchange]):
        return finding
    t, flow = log[exchange].finite()
    when, lost = log[drift].finite()
    if when.size < FEW:
        return Finding(State.UNDECIDED, f"{drift} has {when.size} finite records; a test takes {FEW}")
    lost, most = np.abs(lost), np.maximum.accumulate(np.abs(flow))
    most = most[np.clip(np.searchsorted(t, when, "right") - 1, 0, None)]
    effects = {"exchanged": Effect(float(most[-1])), "drifted": Effect(float(lost.max()))}
    if most[-1] < least:
        reason = f"{exchange} reaches {most[-1]:.3g}; below {least:g} a constant balance says nothing"
        return Finding(State.UNDECIDED, reason, effects=effects)
    first = int(np.argmax(most >= least))
    share = lost[first:] / most[first:]
    worst, at = float(share.max()), float(when[first + int(share.argmax())])
    onset = float(when[first])
    effects["worst"] = Effect(worst)
    reason = f"{drift} is at most {worst:.3%} of {exchange}, at step {at:g}; {exchange} reaches {most[-1]:.3g}"
    if worst > tolerance:
        return Finding(State.ABSENT, reason, effects=effects)
    return Finding(State.FOUND, reason, onset, effects, (Span(onset, float(when[-1]), "conserved"),))
