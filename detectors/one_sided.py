"""One-sided: of two losses that hold each other, one goes to nothing for good while the other rises."""

import numpy as np

from bestiary.about import About, Scale, Severity
from bestiary.detectors._levels import smoothed
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "of two networks that train against each other one has won, and the other learns nothing from it any more",
    effect="left",
    severity=Severity.WARNING,
    also=("discriminator wins", "generator wins", "convergence failure"),
    scales=(Scale(("gen_loss",)), Scale(("disc_loss",))),
    do="weaken the one that wins: a gradient penalty, noise on its inputs, a lower rate or fewer steps",
    source="Arjovsky and Bottou, arXiv:1701.04862",
    everyday=True,
)

LEAST, EARLY = 20, 5  # [record] of a curve, and of its level before
NEGATIVE = 0.01  # [1] of the records below zero, from which on a loss has no bottom at zero to go to


def one_sided(
    log: Log, generator: str = "gen_loss", discriminator: str = "disc_loss", *, left: float = 0.03, rises: float = 1.5
) -> Finding:
    """Detect that one of two losses goes to nothing for good while the other rises.

    Also known as: discriminator wins, generator wins, convergence failure.

    Let x be the running median of a loss, and a its level before: the largest of the first record and the median of
    the first twentieth. The loss is gone from the record on from which x stays at or below `left` a to the end, if that
    is an eighth of the run and ten records at least. The other then has to be at `rises` times its own level before
    that record, by medians. A loss that is negative, as that of a Wasserstein critic, has no bottom at zero.

    Args:
        log: the run.
        generator: name of the generator's loss.
        discriminator: name of the discriminator's loss.
        left: [1] of the level before, at which a loss is gone.
        rises: [1] least level of the other over its level before.

    Returns:
        onset [step]: the first record from which the loss is gone. Effects: `left` [1], its end over its level before.
        The phase is the loss that is gone.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(300.0)
        >>> finding = one_sided(Log.of(t, disc_loss=np.where(t < 100, 1.2, 0.001), gen_loss=np.where(t < 100, 0.9, 8)))
        >>> print(finding.state, finding.onset, finding.phase)
        found 100.0 disc_loss

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation.

    Source. A discriminator that is perfect leaves no gradient: Arjovsky and Bottou, arXiv:1701.04862; the rule is ours.
    """
    if finding := unfit(log, [generator, discriminator]):
        return finding
    told: list[str] = []
    undecided, size = False, 1.0
    for name, other in (discriminator, generator), (generator, discriminator):
        t, y = log[name].finite()
        if t.size < LEAST or log[other].finite().values.size < LEAST:
            return Finding(State.UNDECIDED, f"{name} has {t.size} finite records; {LEAST} are needed to tell")
        if np.mean(y < 0) > NEGATIVE:
            told.append(f"{name} is negative")
            continue
        x = smoothed(y)
        before = max(float(y[0]), float(np.median(y[: max(EARLY, t.size // 20)])))
        ends = float(np.median(x[-EARLY:])) / before if before > 0 else 1.0
        size = min(size, ends)
        told.append(f"{name} goes from {before:.3g} to {ends * before:.3g}")
        over = np.flatnonzero(x > left * before)
        begin = int(over[-1]) + 1 if over.size else 0
        if begin >= t.size:
            continue
        when, what = log[other].finite()
        was, now = what[when < t[begin]], what[when >= t[begin]]
        was = was if was.size >= EARLY else what[:EARLY]
        if not now.size or np.median(now) < rises * np.median(was) or np.median(was) <= 0:
            continue
        if t.size - begin < max(LEAST // 2, t.size // 8):
            undecided = True
            continue
        onset = float(t[begin])
        reason = f"{name} is gone from step {onset:g} on ({ends * before:.2g} after {before:.3g}), while {other} rises "
        reason += f"from {np.median(was):.3g} to {np.median(now):.3g}"
        span = Span(onset, float(t[-1]), "one-sided")
        return Finding(State.FOUND, reason, onset, {"left": Effect(ends)}, (span,), name)
    state = State.UNDECIDED if undecided else State.ABSENT
    return Finding(state, "; ".join(told), effects={"left": Effect(size)})
