r"""Diffusion memorisation: a denoiser learns the distribution first, and its samples by heart long after.

Setup. Data: n points x ~ N(0, I_d), each with noise xi ~ N(0, I_d) drawn without end, z = e^-t x + sqrt(D) xi,
where D = 1 - e^(-2 t). Network: random features, s(z) = A f(z) / sqrt(p), f = tanh(V z / sqrt d), p of them, V
Gaussian and fixed, A from 0. Gradient flow on the score-matching loss E |sqrt(D) s(z) + xi|^2 / d, 1 for no
score at all. It is quadratic in A, so that with U = E f f^T / p and C = E xi f^T / sqrt(p), both exact means
over xi,
    A = -C (1 - exp(-2 D U T / d)) / (sqrt(D) U)   after the time T.
The recorded axis is log2 T / d, in eighths. U is a series in D V V^T / d to its third term, exact to a few
thousandths for small t.

Claim. U has two kinds of eigenvalues. Some d + 1 large ones are those of the distribution: in their time,
whatever n, the loss on new points falls to its least. The others are small, about in proportion to 1 / n, and
are of the n points: where they are learned, at a time about in proportion to n, the score of new points is
lost, and ends worse than none.

Control. With many more points than features the small ones carry nothing, and the loss on new points never
returns.

Source. Bonnaire et al., arXiv:2505.17638: the two times and the random-feature model. Smoothed derivatives, in
place of drawn noise, follow from E g(a + b) h(a' + b') = sum_k cov^k / k! E g^(k) E h^(k) for Gaussian b, b'.
"""

from math import factorial
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from bestiary.detectors.exceeds_bound import exceeds_bound
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

OCTAVE = 8  # records a doubling of the time
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(9)  # to average over a Gaussian
TERMS = 4  # of the series for U
LEAST = 1e-9  # [1] below which an eigenvalue of U is rounding


class Knobs(NamedTuple):
    """Traced."""

    samples: float = 32.0  # [sample] n; 1 to static.most_samples
    t: float = 0.05  # [1] diffusion time of the noise; > 0


class Static(NamedTuple):
    """Static."""

    inputs: int = 16  # [1] d, dimension of a point
    features: int = 256  # [feature] p, random features
    most_samples: int = 1024  # [sample] drawn, of which the first n are trained on, and as many to test on
    steps: int = 240  # [octave / 8] log2 of T / d
    log_every: int = 1


def derivatives(a, spread):
    """[(n, p)] the first TERMS derivatives of tanh at a (n, p), averaged over noise of deviation `spread` (p,)."""
    out = [jnp.zeros_like(a) for _ in range(TERMS)]
    for node, weight in zip(NODES, WEIGHTS / WEIGHTS.sum(), strict=True):
        f = jnp.tanh(a + spread * node)
        slope = 1 - f**2
        out = [o + weight * g for o, g in zip(out, (f, slope, -2 * f * slope, slope * (6 * f**2 - 2)), strict=True)]
    return out


def moments(x, taken, v, t):
    """U (p, p) and C (d, p) of the points x (n, d), with weights `taken` (n,) of sum 1."""
    p, d = v.shape
    noise = 1 - jnp.exp(-2 * t)
    overlap = noise * (v @ v.T) / d
    smooth = derivatives(jnp.exp(-t) * x @ v.T / d**0.5, jnp.sqrt(jnp.diagonal(overlap)))
    u = sum(overlap**k / factorial(k) * (s.T @ (taken[:, None] * s)) for k, s in enumerate(smooth)) / p
    return u, (noise**0.5 * (taken @ smooth[1])[:, None] * v / d**0.5).T / p**0.5


def data(key, knobs, static):
    """-> eigenvalues of U (p,), and C (d, p) of training and test, U (p, p) of the test, in their basis."""
    n, d = static.most_samples, static.inputs
    drawn = normals(key, v=(static.features, d), x=(n, d), test=(n, d))
    taken = (jnp.arange(n) < knobs.samples) / knobs.samples
    u, c = moments(drawn["x"], taken, drawn["v"], knobs.t)
    test_u, test_c = moments(drawn["test"], jnp.full(n, 1 / n), drawn["v"], knobs.t)
    sizes, basis = jnp.linalg.eigh(u)
    return {
        "sizes": jnp.maximum(sizes, LEAST),
        "c": c @ basis,
        "test_c": test_c @ basis,
        "test_u": basis.T @ test_u @ basis,
    }


def init(key, knobs, static):
    """Nothing is trained step by step: A follows from the time."""
    return jnp.zeros(())


def step(key, state, data, knobs, static):
    """The next time."""
    return state


def observe(state, data, knobs, static):
    noise = 1 - jnp.exp(-2 * knobs.t)
    learned = 1 - jnp.exp(-2 * noise * data["sizes"] * 2.0 ** (state.step / OCTAVE))
    a = -data["c"] * learned / data["sizes"]  # sqrt(D) A
    gained = -jnp.sum(a**2 * data["sizes"] + 2 * a * data["c"], 0) / static.inputs  # by every eigenvector
    test = jnp.sum((a @ data["test_u"]) * a) + 2 * jnp.sum(a * data["test_c"])
    return {
        "train_loss": 1 - jnp.sum(gained),
        "test_loss": 1 + test / static.inputs,
        "no_score": jnp.ones(()),
        "of_the_distribution": jnp.sum(gained[-static.inputs - 1 :]),
        "of_the_points": jnp.sum(gained[: -static.inputs - 1]),
    }


def crossing(y, level):
    """[2^(1 / OCTAVE)] when a curve first comes up to a level, interpolated between records."""
    return float(2 ** (np.interp(level, np.maximum.accumulate(y), np.arange(y.size)) / OCTAVE))


def detect(log):
    """A score that ends worse than none on new points; with the times, over d, of what is learned, and the losses.

    t_gen: half of the fall of the test loss. t_mem: half of what the train loss falls after that least test loss.
    """
    finding = exceeds_bound(log, "test_loss", "no_score")
    if log.lacking(["test_loss", "train_loss"]):
        return finding
    test, train = (log[name].finite().values for name in ("test_loss", "train_loss"))
    if test.size < 2:
        return finding
    least = int(np.argmin(test))
    finding = finding.having(
        t_gen=Effect(crossing(-test[: least + 1], -(test[0] + test[least]) / 2)),
        test_least=Effect(float(test[least])),
        test_end=Effect(float(test[-1])),
        train_end=Effect(float(train[-1])),
    )
    if not finding.found:
        return finding
    return finding.having(t_mem=Effect(crossing(-train, -(train[least] + train[-1]) / 2)))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={
        "train_loss": "1",
        "test_loss": "1",
        "no_score": "1",
        "of_the_distribution": "1",
        "of_the_points": "1",
    },
    lanes=1,  # a batched eigendecomposition can deadlock with several CPU devices
    figure=("test_loss", "train_loss", "of_the_distribution", "of_the_points"),
    clock=("octave of time / 8", "1"),
)
