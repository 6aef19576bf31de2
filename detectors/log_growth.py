"""Log growth: a norm grows as the logarithm of time while the margin comes up to the largest there is."""

import numpy as np

from bestiary.about import About, Dial, Scale
from bestiary.detectors._curves import FEW, rising, smooth, sustained
from bestiary.log import Effect, Finding, Log, Span, State, unfit

PARTS, POINTS = 4, 16  # parts of the window, and places in each, evenly spaced in ln t

ABOUT = About(
    "the weights grow without end, and their direction is that of the widest margin",
    effect="growth",
    also=("logarithmic norm growth", "directional convergence", "convergence to the maximum margin"),
    dial=Dial("near", "below_one"),
    scales=(Scale(("weight_norm",), ("slope",)),),
    log_axis=True,
    do="nothing: go on after the fit if the margin matters; weight decay ends the growth",
    source="Soudry et al., arXiv:1710.10345",
)


def log_growth(
    log: Log,
    norm: str = "weight_norm",
    margin: str = "margin",
    *,
    window: float = 100.0,
    growth: float = 1.1,
    bend: float = 0.35,
    straight: float = 0.99,
    near: float = 0.9,
) -> Finding:
    """Detect a norm that grows as the logarithm of time while the margin comes up to the largest there is.

    Also known as: logarithmic norm growth, directional convergence, convergence to the maximum margin.

    Neither half is enough: weight decay and the squared error reach wide margins with a norm that stays. Let T be the
    last step, and the window all steps from T / `window` on, of four parts that are even in ln t. The norm grows so if
        norm(T) >= `growth` norm at the middle of the window;
        the slope of norm against ln t is positive in each part, the least by at most `bend` below the greatest;
        R^2 of the line through the whole window is at least `straight`;
    and the margin has come up if it is at `near` or above from some step to the end. A power t^p with p below 0.12
    cannot be told from a logarithm. A run with such growth whose margin still rises is undecided, and
    so is one with fewer than eight records in the window.

    Args:
        log: the run; the two channels may have different axes of steps.
        norm: name of the norm of the weights.
        margin: name of the least margin of the training data at weights of norm 1, over the largest possible.
        window: [1] last step over the first that is looked at.
        growth: [1] least growth over the second half of the window.
        bend: [1] largest change of slope, over the greatest slope.
        straight: [1] least R^2.
        near: [1] share of the largest margin that counts as having come up to it.

    Returns:
        onset [step]: from when on the margin stays at `near` or above. Effects: `slope`, the norm per factor e of time
        over the second half of the window; `growth`; `bend`; `r2`; `margin`, its last record.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1.0, 1001.0)
        >>> finding = log_growth(Log.of(t, weight_norm=2 * np.log(t), margin=1 - 1 / t))
        >>> print(finding.state, finding.onset, round(finding.effects["slope"].value, 3))
        found 10.0 2.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation,
        level_shift.

    Source. Soudry et al., arXiv:1710.10345, prove both halves for separable data; that both are asked for is our rule.
    """
    if finding := unfit(log, [norm, margin]):
        return finding
    (t, y), (when, share) = log[norm].finite(), log[margin].finite()
    seen = t >= t[-1] / window
    if t[-1] <= 0 or seen.sum() < FEW or when.size < FEW:
        return Finding(State.UNDECIDED, f"{norm} has {seen.sum()} records in its window; a slope takes {FEW}")
    first = max(t[-1] / window, t[seen][0])
    if first <= 0:
        return Finding(State.UNDECIDED, f"{norm} has no record at a step above 0 before the window")
    x = np.linspace(np.log(first), np.log(t[-1]), PARTS * POINTS + 1)
    z, middle = np.interp(np.exp(x), t, y), PARTS * POINTS // 2
    slopes = [np.polyfit(x[k : k + POINTS + 1], z[k : k + POINTS + 1], 1)[0] for k in range(0, x.size - 1, POINTS)]
    late = float(np.polyfit(x[middle:], z[middle:], 1)[0])
    whole = np.polyval(np.polyfit(x, z, 1), x)
    spread = float(np.sum((z - z.mean()) ** 2))
    r2 = 1 - float(np.sum((z - whole) ** 2)) / spread if spread > 0 else 0.0
    effects = {"slope": Effect(late), "r2": Effect(r2), "margin": Effect(float(share[-1]))}
    grown = float(z[-1] / z[middle]) if z[middle] > 0 else 0.0
    bent = 1 - float(min(slopes) / max(slopes)) if max(slopes) > 0 else 1.0
    effects |= {"growth": Effect(grown), "bend": Effect(bent)}
    reason = f"{norm} grows {grown:.3g}-fold from step {np.exp(x[middle]):.4g} to {t[-1]:g}, by {late:.3g} a factor e"
    reason += f" with R^2 {r2:.4f}; {margin} ends at {share[-1]:.3g}"
    if min(slopes) <= 0 or grown < growth or bent > bend or r2 < straight:
        return Finding(State.ABSENT, reason, effects=effects)
    up = sustained(smooth(share) >= near)
    if up is None or smooth(share)[-1] < near:
        still = rising(np.log(np.maximum(when, when[1])), share, 0.01)
        return Finding(State.UNDECIDED if still else State.ABSENT, reason, effects=effects)
    onset = float(when[up])
    return Finding(State.FOUND, reason, onset, effects, (Span(onset, float(t[-1]), "at the margin"),))
