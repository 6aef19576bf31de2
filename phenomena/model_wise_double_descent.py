r"""Model-wise double descent: the test error peaks where the width equals the number of samples.

Setup. Data: n samples of y = w*.x + noise, Gaussian inputs, |w*| = 1. Model: linear in the first P
of many features of x, fitted by least squares; of the many fits with P > n, that of least norm. The
recorded axis is not time but the width P. Features are random ReLUs, relu(V x), or plain, the
coordinates of x.

Claim. Towards P = n the fit uses ever smaller singular values and the test error diverges; beyond,
the norm it takes to fit the noise falls again, and the test error with it. With P of D plain
features, those unseen acting as noise, the expected test error is, with u = 1 - P / D + noise^2,
    u (1 + P / (n - P - 1))                    for P <= n - 2,
    (P - n) / D + u (1 + n / (P - n - 1))      for P >= n + 2.

Control. A ridge. Label noise is no cause: what the features cannot express is noise enough.

Source. Belkin et al., arXiv:1812.11118; the exact law: Belkin, Hsu, Xu, arXiv:1903.07571.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bestiary.detectors.hump import hump
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

TESTS = 500  # samples to test on
ROUNDING = 1e-5  # [1] smallest singular value that is no rounding error, over the largest


class Knobs(NamedTuple):
    """Traced."""

    noise: float = 0.5  # [1] standard deviation of the label noise; >= 0
    ridge: float = 0.0  # [1] added to the squared singular values of features / sqrt(P); >= 0


class Static(NamedTuple):
    """Static."""

    features: Literal["relu", "plain"] = "relu"  # relu: relu(V x) with a random V; plain: the coordinates of x
    samples: int = 40  # [sample] n, samples that the model is fitted to
    inputs: int = 10  # [1] dimension of x under ReLU features; under plain ones it is the largest width
    steps: int = 400  # [feature] the largest width, D
    log_every: int = 1  # unused: the widths are spaced about the number of samples


def widths(static):
    """The recorded widths (R,), closest together about the number of samples."""
    some = static.samples * np.array([0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 0.95, 1, 1.05, 1.15, 1.3, 1.6, 2, 3, 5])
    return np.unique(np.r_[some[some < static.steps], static.steps].round().astype(int))


def data(key, knobs, static):
    """-> features phi (n, D), y (n,), and of the test (500, D), (500,); the test has no label noise."""
    n, most = static.samples, static.steps
    d = static.inputs if static.features == "relu" else most
    drawn = normals(key, w=(d,), x=(n, d), noise=(n,), v=(d, most), test=(TESTS, d))
    target = drawn["w"] / jnp.linalg.norm(drawn["w"])
    return {
        "y": drawn["x"] @ target + knobs.noise * drawn["noise"],
        "test_phi": features(drawn["test"], drawn["v"], static),
        "test_y": drawn["test"] @ target,
        "phi": features(drawn["x"], drawn["v"], static),
    }


def features(x, v, static):
    """relu(V x) or x itself, (n, d) -> (n, D)."""
    if static.features == "plain":
        return x
    return jax.nn.relu(x @ v / np.sqrt(v.shape[0]))


def init(key, knobs, static):
    """Nothing is trained: a width's weights are those of the fit."""
    return jnp.zeros(())


def step(key, state, data, knobs, static):
    """The next width."""
    return state


def fit(phi, y, width, ridge):
    """Weights (D,) of the ridge or least-norm fit of y (n,) by the first `width` columns of phi (n, D)."""
    scale = jnp.sqrt(jnp.maximum(width, 1))
    seen = jnp.where(jnp.arange(phi.shape[1]) < width, phi, 0.0)
    u, s, vt = jnp.linalg.svd(seen / scale, full_matrices=False)
    inverse = jnp.where(s > ROUNDING * s[0], s / jnp.maximum(s**2 + ridge, 1e-30), 0.0)
    return vt.T @ (inverse * (u.T @ y)) / scale


def expected_test_loss(p, knobs, static):
    """() Of P plain features, averaged over the data; nan for P within one of n."""
    n, most = static.samples, static.steps
    unseen = 1 - p / most + knobs.noise**2
    few = unseen * (1 + p / (n - p - 1))
    many = (p - n) / most + unseen * (1 + n / (p - n - 1))
    return jnp.where(p <= n - 2, few, jnp.where(p >= n + 2, many, jnp.nan))


def observe(state, data, knobs, static):
    """The errors and the norm of the fit of this width; of plain features, with the expected test error."""
    weights = fit(data["phi"], data["y"], state.step, knobs.ridge)
    missed = data["phi"] @ weights - data["y"]
    test_missed = data["test_phi"] @ weights - data["test_y"]
    seen = {
        "test_loss": jnp.mean(test_missed**2) + knobs.noise**2,
        "train_loss": jnp.mean(missed**2),
        "weight_norm": jnp.linalg.norm(weights),
    }
    if static.features == "plain":
        seen["law"] = expected_test_loss(state.step, knobs, static)
    return seen


def detect(log):
    """A hump; with its peak over n, the first width without train loss, and the test error over the law's."""
    finding = hump(log)
    if log.lacking(["train_loss"]):
        return finding
    width, missed = log["train_loss"]
    if missed[-1] > 1e-4 * missed[0]:
        return finding
    n = float(width[np.argmax(missed <= 1e-4 * missed[0])])
    if "peak" in finding.effects:
        finding = finding.having(peak_over_samples=Effect(finding.effects["peak"].value / n))
    if "law" in log:
        over_law = log["test_loss"].values / log["law"].values
        below, above = (float(np.interp(p, width, over_law)) for p in (n / 2, 2 * n))
        finding = finding.having(below_over_law=Effect(below), above_over_law=Effect(above))
    return finding


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    observe=observe,
    detect=detect,
    step=step,
    schedule=widths,
    units={"test_loss": "1", "train_loss": "1", "weight_norm": "1"},
    lanes=1,  # a batched singular value decomposition can deadlock with several CPU devices
    figure=("test_loss", "train_loss", "weight_norm"),
    clock=("width", "feature"),
)
