"""Plateau escape: the loss stays where it started for long, then drops within a short time."""

import numpy as np

from bestiary.about import About, Dial, Scale
from bestiary.detectors._curves import FEW, blocks, fall, half_growth, rising, smooth, starting_level, sustained, unrest
from bestiary.detectors._excursions import without_spikes
from bestiary.detectors._levels import cuts
from bestiary.detectors._plateaus import plateau_end
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "stopping on the plateau would have missed the drop",
    effect="plateau_ratio",
    also=("loss plateau", "phase transition", "sudden drop"),
    dial=Dial("ratio", "times"),
    scales=(Scale(("loss",)),),
    waits=("t10", "t90", "t_emerged", "witness_half"),
    do="nothing: it has escaped; a run that has not may need more steps, or shorter and easier samples",
    source="Zucchet et al., arXiv:2505.17863",
    beside={"lr": "lr"},
    second=plateau_end,
)


def plateau_escape(
    log: Log,
    loss: str = "loss",
    witness: str | None = None,
    lr: str | None = None,
    *,
    level: float | None = None,
    depth: float = 0.5,
    ratio: float = 2.0,
    growth: float = 10.0,
    emerged: float = 0.2,
    flat: float = 0.25,
) -> Finding:
    """Detect a long plateau of the loss that ends in an abrupt drop.

    Also known as: loss plateau, phase transition, sudden drop.

    Let L0 be the level of the plateau, Lmin the least loss, t0 the first time the loss is down to L0, t10 and t90 the
    times at which 10 % and 90 % of L0 - Lmin are lost, and w = t90 - t10. The run escapes a plateau if, in this order,
        Lmin <= `depth` L0, and the loss remains there;
        R = (t10 - t0) / w >= `ratio` (exponential decay has 0.048, linear decay 0.125);
        the robust spread of the plateau is below a factor of 2, and no stretch of it is `flat` (L0 - Lmin) above L0;
        the witness grows `growth`-fold by t90 + w, and passes half of its rise no earlier than t10 - w.
    Spikes are cut off. Times are those of the best decreasing fit, so neither start-up nor minibatch noise counts. A
    run that ends above 0.9 L0 or before t90 + w / 2 is undecided. A run that ends at 10 L0 or more diverged.

    Args:
        log: the run.
        loss: name of the loss.
        witness: name of a channel that must grow with the drop, such as attention on the relevant token.
        lr: name of the learning rate; a drop that follows a cut of it by a third or more is no escape.
        level: [unit of loss] L0, the loss of the trivial predictor; default: the median of the first half of the
            records before half of it is lost, which is wrong where the loss starts above its plateau.
        depth: [L0] loss below which a drop counts.
        ratio: [1] least R.
        growth: [1] least growth of the witness.
        emerged: [L0] loss that marks the onset.
        flat: [L0 - Lmin] rise that a plateau may have.

    Returns:
        onset [step]: the first record from which the loss stays at `emerged` L0 or below, else t90. Effects: the onset
        as `t_emerged`, `t10`, `t90` [step]; `plateau_ratio` R; `drop` [L0]; `witness_half` [step], `witness_growth`.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> finding = plateau_escape(Log.of(t, loss=1 / (1 + np.exp((t - 600) / 10))))
        >>> print(finding.state, finding.onset, round(finding.effects["plateau_ratio"].value, 1))
        found 614.0 13.5

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink, minibatch,
        log_spaced_decay, staircase, start_transient, autocorrelated, heavy_tails, oscillation, level_shift.

    Source. Zucchet et al., arXiv:2505.17863; the onset is the plateau's length of its appendix D.1.
    """
    if finding := unfit(log, [loss, witness] if witness else [loss]):
        return finding
    t, y = log[loss].finite()
    if t.size < FEW:
        return Finding(State.UNDECIDED, f"{loss} has {t.size} finite records; a plateau and a drop take {FEW}")
    y = without_spikes(y)
    if (level := starting_level(y) if level is None else level) <= 0:
        return Finding(State.NOT_APPLICABLE, f"{loss} has its plateau at {level:g}; it must be positive")
    drop, end = 1 - float(smooth(y).min()) / level, float(np.median(y[-max(FEW, t.size // 20) :])) / level
    effects = {"drop": Effect(drop)}
    if drop < 1 - depth:
        reason = f"{loss} ends at {end:.3g} times its level {level:.4g}, at step {t[-1]:g}"
        if end >= 10:
            return Finding(State.DIVERGED, reason, effects=effects)
        if end > 0.9:
            return Finding(State.UNDECIDED, f"still on its plateau: {reason}", effects=effects, phase="plateau")
        return Finding(State.UNDECIDED if rising(t, -y, 0.05 * level) else State.ABSENT, reason, effects=effects)

    k0, k10, k90 = fall(y, level, flat)
    t0, t10, t90 = (float(t[k]) for k in (k0, k10, k90))
    width = max(t90 - t10, float(t[max(k90, 1)] - t[max(k90, 1) - 1]))
    lasted, onset = (t10 - t0) / width, t90 if (k := sustained(smooth(y) <= emerged * level)) is None else float(t[k])
    effects |= {k: Effect(v, "step") for k, v in {"t10": t10, "t90": t90, "t_emerged": onset}.items()}
    effects["plateau_ratio"] = Effect(lasted)
    hump, after = float(blocks(y[k0 : k10 + 1]).max()) / level - 1, float(np.median(y[k90:])) / level
    reason = (
        f"{loss} stays up until step {t10:g}, then falls by {100 * min(drop, 1):.3g} % within {width:g} steps; the "
    )
    state, reason = State.ABSENT, f"{reason}plateau is {lasted:.3g} times as long"
    if lasted < ratio:
        reason = f"no plateau before the drop: {reason}"
    elif hump > flat * drop or unrest(y[k0 : k10 + 1]) > np.log(2):
        reason = f"{loss} rose, or was restless, before it fell: {reason}"
    elif t.size - k90 < 3 or t[-1] - t90 < width / 2:
        state, reason = State.UNDECIDED, f"the run ends as {loss} falls: {reason}"
    elif after > depth:
        reason = f"{loss} came back to {after:.2%} of its level: {reason}"
    else:
        state = State.FOUND
        if not lr and k90 - k10 <= 2:
            reason += "; so sudden a drop is often a cut of the learning rate, which is not given here"
    if witness and state is State.FOUND:
        grown, half = half_growth(*log[witness].finite(), early=t10 / 10, late=t90 + width)
        effects |= {"witness_half": Effect(half, "step"), "witness_growth": Effect(grown)}
        if grown < growth or half < t10 - width:
            state, reason = State.ABSENT, f"{witness} grew {grown:.3g}-fold, half of it by step {half:g}: {reason}"
    at = cuts(log, lr)
    if state is State.FOUND and ((at >= t10 - 2 * width) & (at <= t90)).any():
        state, reason = State.ABSENT, f"the learning rate is cut where {loss} drops: {reason}"
    onset = onset if state is State.FOUND else float("nan")
    return Finding(state, reason, onset, effects, (Span(t0, t10, "plateau"), Span(t10, t90, "drop")))
