r"""Model-wise double descent: the test error peaks where there are as many features as samples.

Setup. Data: n samples of y = w*.x + noise, Gaussian inputs, |w*| = 1. Model: linear in the first P
of many features of x, fitted by least squares; of the many fits with P > n, that of least norm. The
recorded axis is not time but the width P, or, sample-wise, n with P fixed. Features are random ReLUs,
relu(V x), or plain, the coordinates of x. The errors are of one data set, or means over many.

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

    turned: Literal["width", "samples"] = "width"  # width: P is the recorded axis; samples: n is
    features: Literal["relu", "plain"] = "relu"  # relu: relu(V x) with a random V; plain: the coordinates of x
    samples: int = 40  # [sample] n, samples that the model is fitted to; if they are turned, P instead
    inputs: int = 10  # [1] dimension of x under ReLU features; under plain ones it is the largest width
    draws: int = 1  # [draw] data sets that test and train loss are averaged over
    steps: int = 400  # [feature] the largest width, D; if samples are turned, the largest n
    log_every: int = 1  # unused: the sizes are spaced about the one that is not turned


def sizes(static):
    """The recorded widths, or numbers of samples, (R,), closest together about the one that is not turned."""
    some = static.samples * np.array([0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 0.95, 1, 1.05, 1.15, 1.3, 1.6, 2, 3, 5])
    return np.unique(np.r_[some[some < static.steps], static.steps].round().astype(int))


def most(static):
    """Largest numbers of samples and of features."""
    by_width = static.turned == "width"
    return (static.samples, static.steps) if by_width else (static.steps, static.samples)


def now(step, static):
    """The numbers of samples and of features that the model has at a record."""
    return (static.samples, step) if static.turned == "width" else (step, static.samples)


def data(key, knobs, static):
    """-> of every draw features phi (n, D), y (n,), and of the test (500, D), (500,); the test has no label noise."""
    keys = key[None] if static.draws == 1 else jax.random.split(key, static.draws)
    return jax.vmap(lambda k: one_data_set(k, knobs, static))(keys)


def one_data_set(key, knobs, static):
    n, p = most(static)
    d = static.inputs if static.features == "relu" else p
    drawn = normals(key, w=(d,), x=(n, d), noise=(n,), v=(d, p), test=(TESTS, d))
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


def fit(phi, y, samples, width, ridge):
    """Weights (D,) of the ridge or least-norm fit of the first `samples` of y by the first `width` columns of phi."""
    scale = jnp.sqrt(jnp.maximum(width, 1))
    taken = jnp.arange(phi.shape[0])[:, None] < samples
    seen = jnp.where(taken & (jnp.arange(phi.shape[1]) < width), phi, 0.0)
    u, s, vt = jnp.linalg.svd(seen / scale, full_matrices=False)
    inverse = jnp.where(s > ROUNDING * s[0], s / jnp.maximum(s**2 + ridge, 1e-30), 0.0)
    return vt.T @ (inverse * (u.T @ jnp.where(taken[:, 0], y, 0.0))) / scale


def expected_test_loss(n, p, knobs, static):
    """() Of P plain features and n samples, averaged over the data; nan for P within one of n."""
    d = most(static)[1]
    unseen = 1 - p / d + knobs.noise**2
    few = unseen * (1 + p / (n - p - 1))
    many = (p - n) / d + unseen * (1 + n / (p - n - 1))
    return jnp.where(p <= n - 2, few, jnp.where(p >= n + 2, many, jnp.nan))


def observe(state, data, knobs, static):
    """The errors and the norm of this fit; of plain features, with the expected test error."""
    n, p = now(state.step, static)

    def errors(one):
        weights = fit(one["phi"], one["y"], n, p, knobs.ridge)
        taken = jnp.arange(one["y"].size) < n
        missed = jnp.where(taken, one["phi"] @ weights - one["y"], 0.0)
        test_missed = one["test_phi"] @ weights - one["test_y"]
        return jnp.mean(test_missed**2), jnp.sum(missed**2) / jnp.maximum(n, 1), jnp.linalg.norm(weights)

    test, train, norm = (jnp.mean(each) for each in jax.lax.map(errors, data))
    seen = {"test_loss": test + knobs.noise**2, "train_loss": train, "weight_norm": norm}
    if static.features == "plain":
        seen["law"] = expected_test_loss(n, p, knobs, static)
    return seen


def detect(log):
    """A hump; with its peak over the size where the fit begins or ceases to be exact, and over the law's test error."""
    finding = hump(log)
    if log.lacking(["train_loss"]):
        return finding
    size, missed = log["train_loss"]
    exact = missed <= 1e-4 * np.max(missed)
    if exact[1] and not exact[-1]:  # samples are turned: as many as features are the last that are fitted
        even = float(size[np.flatnonzero(exact)[-1]])
        few, many = 2 * even, even / 2
    elif exact[-1] and not exact[1]:
        even = float(size[np.argmax(exact)])
        few, many = even / 2, 2 * even
    else:
        return finding
    if "peak" in finding.effects:
        finding = finding.having(peak_over_even=Effect(finding.effects["peak"].value / even))
    if "law" in log:
        over_law = log["test_loss"].values / log["law"].values
        below, above = (float(np.interp(at, size, over_law)) for at in (few, many))
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
    schedule=sizes,
    units={"test_loss": "1", "train_loss": "1", "weight_norm": "1"},
    lanes=1,  # a batched singular value decomposition can deadlock with several CPU devices
    figure=("test_loss", "train_loss", "weight_norm"),
    clock=("width or samples", "1"),
)
