"""Power tail: over its last decades a curve falls, or grows, as a power of the step."""

import numpy as np
from scipy.special import stdtrit

from bestiary.about import About, Dial, Scale
from bestiary.detectors._curves import FEW, smooth
from bestiary.detectors._lines import line, parts
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "what more steps will bring can be told",
    effect="exponent",
    also=("scaling law", "power-law tail", "log-log slope"),
    dial=Dial("bend", "over"),
    scales=(Scale(("value",)),),
    log_axis=True,
    do="nothing: to halve the curve takes 2^(-1 / exponent) times the steps",
    source="Hutter, arXiv:2102.04074",
)

DECADE = float(np.log(10))
PARTS = 20  # stretches of the last decade, of equal width in ln t
NOISE = 6.0  # median distances from the line that a running median strays at most, about four deviations


def power_tail(
    log: Log,
    value: str = "value",
    floor: str | None = None,
    *,
    bend: float = 0.25,
    least: float = 0.05,
    scatter: float = 0.2,
    band: float = 0.15,
) -> Finding:
    """Detect that a curve ends as a power of the step, and measure the exponent.

    Also known as: scaling law, power-law tail, log-log slope.

    Let y be the curve less its floor and T the last step. Over the last decade, T / 10 to T, the means of ln y in
    twenty stretches of equal width in ln t are fitted by a line ln y = a + b ln t. The tail is a power law if
        |b| >= `least`, and 95 % limits of b lie on one side of 0;
        the lines through the earlier and the later half of the decade have slopes that differ by at most `bend` |b|;
        the means lie off the line by at most `scatter` |b|, as a root mean square.
    An exponential fails by its bend, its slope being three times as steep in the later half; so does what settles on a
    level that is not the floor; a walk fails by its scatter. A tail too noisy to tell its slopes apart to within `bend`
    |b| is undecided, as is a run recorded for less than a decade.

    Args:
        log: the run; the channels may have different axes of steps.
        value: name of the curve; steps up to 0 are left out.
        floor: name of a channel with the level that the curve approaches, constant or not; default: 0.
        bend: [|b|] largest difference of the slopes of the two halves.
        least: [1] least |b|.
        scatter: [|b|] largest scatter about the line, in ln y.
        band: [ln y] how far off the line a curve may be that is on its tail.

    Returns:
        onset [step]: the first record from which the running median of y is within `band` of the line, or six times
        its median distance from it, up to T / 10.
        Effects: `exponent` b; `exponent_low` and `exponent_high`, its limits by Student's t of the means about the
        line, which take these for independent; `decades`, log10 of T over the onset; `bent`, the later slope less the
        earlier, in |b|.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> finding = power_tail(Log.of(t, value=1 / (1 + t / 5) ** 0.5))
        >>> print(finding.state, finding.onset, round(finding.effects["exponent"].value, 2))
        found 11.0 -0.49

    Silent on: flat, exponential, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink, log_spaced_decay,
        staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation, level_shift, hump,
        passes_the_edge, short_of_the_edge, returns_from_the_edge.

    Source. A straight line on logarithmic axes is common practice; the test of its bend is our rule.
    """
    if finding := unfit(log, [value, floor] if floor else [value]):
        return finding
    t, y = log[value].finite()
    y = y - np.interp(t, *log[floor].finite()) if floor else y
    t, y = t[t > 0], y[t > 0]
    late = t >= t[-1] / 10 if t.size else t > 0
    if late.sum() < 2 * FEW or (late.all() and t[0] > 1.1 * t[-1] / 10):
        told = f"{value} has {late.sum()} records after step 0 within the last decade; a tail takes {2 * FEW} or more"
        return Finding(State.UNDECIDED, told)
    if (y[late] <= 0).any():
        return Finding(State.ABSENT, f"{value} comes down to {y[late].min():.4g} over its floor within the last decade")

    x, z = parts(np.log(t[late] / t[-1]), np.log(y[late]), -DECADE, 0, PARTS)
    sides = (x < -DECADE / 2, x >= -DECADE / 2)
    if min(side.sum() for side in sides) < 3:
        return Finding(State.UNDECIDED, f"{value} has records in too few parts of the last decade")
    slope, level, error, off = line(x, z)
    earlier, later = (line(x[side], z[side]) for side in sides)
    size = max(abs(slope), 1e-300)
    bent, doubt = later.slope - earlier.slope, float(np.hypot(earlier.error, later.error))
    reach = float(stdtrit(x.size - 2, 0.975)) * error
    effects = {"exponent": slope, "exponent_low": slope - reach, "exponent_high": slope + reach}
    reason = f"{value} has the exponent {slope:.4g} +- {reach:.2g} from step {t[late][0]:g} to {t[-1]:g}"
    if abs(slope) < max(least, reach):
        return Finding(State.ABSENT, f"no slope: {reason}", effects=made(effects))
    effects["bent"] = round(bent / size, 9)
    reason += f"; {earlier.slope:.4g} in its earlier half, {later.slope:.4g} in its later"
    bends = abs(bent) > bend * size + 2 * doubt
    if not bends and max(abs(bent), doubt) > bend * size:
        return Finding(State.UNDECIDED, f"too noisy: {reason}", effects=made(effects))
    if bends or off > scatter * size:
        return Finding(State.ABSENT, f"no straight line: {reason}", effects=made(effects))
    away = abs(smooth(np.log(np.maximum(y, 1e-300))) - level - slope * np.log(t / t[-1]))
    near = away <= max(band, NOISE * float(np.median(away[late])))  # noise throws no curve off its line
    first = min(t.size - int(np.argmin(near[::-1])) if not near.all() else 0, int(np.argmax(late)))
    onset = float(t[first])
    effects["decades"] = float(np.log10(t[-1] / onset))
    span = (Span(onset, float(t[-1]), "power law"),)
    return Finding(State.FOUND, f"{reason}; on the line from step {onset:g} on", onset, made(effects), span)


def made(effects: dict[str, float]) -> dict[str, Effect]:
    """Return dimensionless effects of finite numbers."""
    return {name: Effect(value) for name, value in effects.items() if np.isfinite(value)}
