"""Relapses: a loss that is fitted is lost again and again, so often that there is no quiet stretch in between."""

import numpy as np

from bestiary.about import About, Scale, Severity
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "the step is too large for where the run has arrived: it is thrown out and learns anew each time",
    effect="count",
    severity=Severity.WARNING,
    also=("slingshots",),
    scales=(Scale(("loss",)),),
    do="lower the learning rate late in the run; with Adam raise epsilon or lower beta2",
    source="Thilak et al., arXiv:2206.04817",
    everyday=True,
)

FITTED, THROWN = 0.05, 0.4  # [first record] loss that is fitted, and that is lost again


def relapses(log: Log, loss: str = "loss", *, at_least: int = 5, wide: int = 2) -> Finding:
    """Detect a fitted loss that is lost again and again.

    Also known as: slingshots.

    A loss is fitted at a twentieth of the first record, and thrown out at two fifths of it. A relapse is a stretch of
    `wide` records or more that are not fitted, of which one is thrown out, between records that are fitted. There are
    relapses if there are `at_least`, and after the first fit most records are fitted.

    Args:
        log: the run.
        loss: name of a loss, at the start that of an untrained network.
        at_least: [1] relapses that make a finding.
        wide: [record] least width of one; one bad minibatch is no relapse.

    Returns:
        onset [step]: the start of the first relapse. Effects: `count`; `period` [step], the median gap between them.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(400.0)
        >>> loss = np.where((t < 5) | ((t % 40 > 30) & (t % 40 < 35)), 4.0, 0.01)
        >>> finding = relapses(Log.of(t, loss=loss))
        >>> print(finding.state, finding.onset)
        found 31.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation,
        level_shift.

    Source. Thilak et al., arXiv:2206.04817; the levels are our rule.
    """
    if finding := unfit(log, [loss]):
        return finding
    t, y = log[loss].finite()
    if y.size == 0 or y[0] <= 0 or y.min() < 0:
        return Finding(State.NOT_APPLICABLE, f"{loss} must be positive; it falls to {y.min() if y.size else 0:g}")
    fitted, thrown = y <= FITTED * y[0], y >= THROWN * y[0]
    begin = int(np.argmax(fitted)) if fitted.any() else y.size
    edges = np.flatnonzero(np.diff(np.r_[True, fitted[begin:], True].astype(int))) + begin
    spells = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b < y.size]
    back = [(a, b) for a, b in spells if b - a >= wide and thrown[a:b].any()]
    effects = {"count": Effect(float(len(back)))}
    told = f"{loss} is fitted and lost again {len(back)} times"
    if len(back) < at_least or fitted[begin:].mean() < 0.5:
        return Finding(State.ABSENT, told, effects=effects)
    starts = t[[a for a, _ in back]]
    effects["period"] = Effect(float(np.median(np.diff(starts))), "step")
    tops = float(np.median([y[a:b].max() for a, b in back]))
    told += f", every {effects['period'].value:g} steps or so: from {np.median(y[fitted]):.3g} to {tops:.3g} and back"
    spans = tuple(Span(float(t[a]), float(t[b]), "relapse") for a, b in back)
    return Finding(State.FOUND, told, float(starts[0]), effects, spans)
