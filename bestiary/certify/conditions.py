"""What is done to generated logs before somebody is asked about them; none takes away what was planted.

Beside the transformations of `transformations`, three that those do not have: other units of a loss, a run that was
resumed, records that are not a number.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bestiary.certify.transformations import ALL, LOSS, TRANSFORMATIONS, Clock, Kind, Transformation

RECORDED = "as_recorded"
LATE = 1_000_000.0  # [step] at which a run was resumed


def thousandfold(y: np.ndarray, what: Kind, rng: np.random.Generator) -> np.ndarray:
    """Return a loss in a unit a thousand times smaller."""
    return 1000 * y


def holes(y: np.ndarray, what: Kind, rng: np.random.Generator) -> np.ndarray:
    """Return values of which three per cent are not a number, though none of the last ten."""
    y = y.copy()
    y[rng.permutation(max(y.size - 10, 0))[: round(0.03 * y.size)]] = np.nan
    return y


MORE = (
    Transformation("thousandfold", LOSS, thousandfold),
    Transformation("resumed", clock=Clock(offset=LATE)),
    Transformation("holes", ALL, holes),
)
EVERY: Mapping[str, Transformation] = {**TRANSFORMATIONS, **{one.name: one for one in MORE}}

# A spike of a few records does not survive a mean over ten, nor one record in ten; a slow event survives all. Grokking
# is a ratio of steps since the beginning, which a run that was resumed has no more.
_ALL = ("multiplicative_noise_1", "multiplicative_noise_5", "additive_noise_1", "three_digits", "gap", "blanks")
_ALL += ("holes", "every_2", "every_5", "epochs", "tokens")
_SLOW = ("every_10", "log_spaced", "moving_average", "running_mean")
_LOSSES = ("bits", "thousandfold", "resumed")
CONDITIONS: Mapping[str, tuple[str, ...]] = {
    "spike": (*_ALL, *_LOSSES),
    "grokking": (*_ALL, *_SLOW),
    "plateau": (*_ALL, *_SLOW, *_LOSSES),
    "double_descent": (*_ALL, *_SLOW, *_LOSSES),
    "edge": (*_ALL, "every_10", *_LOSSES),
    "divergence": (*_ALL, "every_10", *_LOSSES),
}
