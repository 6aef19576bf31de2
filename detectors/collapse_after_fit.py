"""Collapse after the fit: the spread keeps shrinking after the data are fitted, and a shape forms."""

import numpy as np

from bestiary.about import About, Dial, Scale
from bestiary.detectors._curves import FEW, rising, sustained
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "usual when training goes on after the data are fitted",
    effect="fall",
    also=("neural collapse",),
    dial=Dial("factor", "above_one"),
    scales=(Scale(("spread",)),),
    by_name=True,
    waits=("t_fit",),
    do="nothing: usual once the train data are fitted; features are then few, as transfer may show",
    source="Papyan et al., arXiv:2008.08186",
)


def collapse_after_fit(
    log: Log,
    accuracy: str = "train_acc",
    spread: str = "spread",
    deviation: str = "deviation",
    *,
    fitted: float = 0.99,
    factor: float = 10.0,
    delay: float = 3.0,
    formed: float = 0.1,
) -> Finding:
    """Detect a spread that collapses in the terminal phase of training, after the data are fitted.

    Also known as: neural collapse.

    The data are fitted at the first record from which the accuracy stays at `fitted`. There is a collapse if
        the spread ends at 1 / `factor` of its value at the fit, or below;
        the spread first stays there at `delay` times the time of the fit, or later. An accuracy and a spread that relax
        at one rate both pass a tenth within twice that time;
        the deviation from the expected shape ends at `formed` or below.
    An end is the median of the last five records. A run is undecided if the data are not fitted. A run is also
    undecided if it ends while the logarithm of the spread, or the deviation, still falls and has not fallen enough.

    Args:
        log: the run.
        accuracy: name of the train accuracy.
        spread: name of the spread, positive, such as the scatter within classes over that between their means.
        deviation: name of the deviation from the shape, 0 for the shape itself.
        fitted: [1] accuracy that counts as fitted.
        factor: [1] least fall of the spread after the fit.
        delay: [t_fit] least time of that fall, from the start of the run.
        formed: [unit of the deviation] largest deviation in the end.

    Returns:
        onset [step]: the first record from which the spread stays at 1 / `factor` of its value at the fit. Effects:
        `t_fit` [step]; `fall`, the spread at the fit over that at the end; `final_deviation`.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> shrinking = np.exp(-t / 100)
        >>> log = Log.of(t, train_acc=np.minimum(1, t / 20), spread=shrinking, deviation=shrinking)
        >>> finding = collapse_after_fit(log)
        >>> print(finding.state, finding.onset)
        found 251.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, minibatch, oscillation, level_shift, memorisation, confusion.

    Source. Papyan, Han, Donoho, arXiv:2008.08186.
    """
    names = (accuracy, spread, deviation)
    if finding := unfit(log, names):
        return finding
    (t, a), (when, s), (at, d) = (log[name].finite() for name in names)
    if s.min() <= 0:
        return Finding(State.NOT_APPLICABLE, f"{spread} reaches {s.min():g}; it must be positive")
    if s.size < FEW or (k := sustained(a >= fitted)) is None:
        return Finding(State.UNDECIDED, f"{accuracy} does not stay at {fitted:g} within {t[-1]:g} steps")
    at_fit, final = float(np.interp(t[k], when, s)), float(np.median(d[-5:]))
    fall = at_fit / float(np.median(s[-5:]))
    t_fit = float(max(t[k], t[1] - t[0]))  # not known better than to an interval of evaluation
    effects = {"t_fit": Effect(t_fit, "step"), "fall": Effect(fall), "final_deviation": Effect(final)}
    reason = f"{spread} falls {fall:.3g}-fold after the fit at step {t_fit:g}; {deviation} ends at {final:.3g}"
    start = sustained((when >= t_fit) & (s <= at_fit / factor))
    if fall < factor or start is None:
        falling = rising(when, -np.log(s))
        return Finding(State.UNDECIDED if falling else State.ABSENT, reason, effects=effects)
    onset = float(when[start])
    if onset < delay * t_fit:
        return Finding(
            State.ABSENT, f"along with the fit, {factor:g}-fold by step {onset:g}: {reason}", effects=effects
        )
    if final > formed:
        falling = rising(at, -d, formed)
        return Finding(State.UNDECIDED if falling else State.ABSENT, reason, effects=effects)
    return Finding(State.FOUND, reason, onset, effects, (Span(t_fit, onset, "collapse"),))
