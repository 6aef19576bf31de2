"""The file that `bestiary new NAME --kind detector` writes: a smallest detector, which passes its tests."""

NULLS = """flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay."""

TEXT = '''\
"""TODO {words}: what the curve does, in one sentence."""

import numpy as np

from bestiary.about import About, Dial, Scale
from bestiary.detectors._curves import FEW, sustained
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "TODO what a finding means for the run",
    effect="rise",
    also=("TODO the field's terms for it",),
    dial=Dial("ratio", "times"),
    scales=(Scale(("loss",)),),
    do="TODO what people do about it",
    everyday=True,  # no entry is paired with it; leave it out once one is
)


def {name}(log: Log, loss: str = "loss", *, ratio: float = 10.0) -> Finding:
    """TODO Detect a loss that ends high above where it began.

    Also known as: TODO the field's terms for it.

    TODO the rule, with its equation. Let a be the largest loss of the first quarter of the records, and b the least of
    the last quarter. It is found if
        b >= `ratio` a.

    Args:
        log: the run.
        loss: name of the loss.
        ratio: [1] least b over a.

    Returns:
        onset [step]: the first record from which the loss stays above sqrt(a b). Effects: `rise`, b over a.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> finding = {name}(Log.of(t, loss=np.where(t < 600, 0.1, 5.0)))
        >>> print(finding.state, finding.onset)
        found 600.0

    Silent on: {nulls}

    Source. TODO authors, arXiv id; or who uses it.
    """
    if finding := unfit(log, [loss]):
        return finding
    t, y = log[loss].finite()
    if t.size < FEW:
        return Finding(State.UNDECIDED, f"{{loss}} has {{t.size}} finite records; a rise takes {{FEW}}")
    quarter = t.size // 4
    before, after = float(y[:quarter].max()), float(y[-quarter:].min())
    if before <= 0:
        return Finding(State.NOT_APPLICABLE, f"{{loss}} begins at {{before:g}}; it must be positive")
    effects, reason = {{"rise": Effect(after / before)}}, f"{{loss}} goes from {{before:.4g}} to {{after:.4g}}"
    first = sustained(y >= np.sqrt(before * after)) if after >= ratio * before else None
    if first is None:
        return Finding(State.ABSENT, reason, effects=effects)
    onset = float(t[first])
    return Finding(State.FOUND, f"{{reason}} at step {{onset:g}}", onset, effects, (Span(onset, float(t[-1]), "high"),))


def planted(steps: np.ndarray) -> tuple[Log, float]:
    """TODO Return a log that shows it, on these steps (T,), and the step at which it begins, for the tests."""
    onset = float(steps[steps.size // 2])
    return Log.of(steps, loss=np.where(steps < onset, 0.1, 5.0)), onset
'''


def text(name: str) -> str:
    """Return the text of a new detector of that name."""
    return TEXT.format(name=name, words=name.replace("_", " "), nulls=NULLS)
