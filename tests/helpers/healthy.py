"""Curves of healthy runs as strangers log them, with the noise that such curves have; nothing is wrong with any.

A run is a function rng -> {channel: (steps, values)}. Noise is autocorrelated, heavy-tailed and of a size drawn anew
for each run; schedules warm up, decay as a cosine or in steps; evaluations are rarer than records.
"""

from collections.abc import Callable

import numpy as np
from curves import autoregressive
from scipy.signal import lfilter

from bestiary.log import Log


def noise(rng, n, size, memory=None, tails=None):
    """Noise (n,) of about this deviation: white of Student's t, and autocorrelated of a third of it."""
    memory = rng.uniform(0.5, 0.98) if memory is None else memory
    tails = rng.choice([4, 6, 30]) if tails is None else tails
    white = rng.standard_t(tails, size=n) / np.sqrt(tails / (tails - 2))
    return size * (white + autoregressive(rng, n, memory) / 3)


def cosine(n, warm=0.03):
    """A learning rate (n,) that warms up and decays as a cosine."""
    u = np.linspace(0, 1, n)
    return 1e-3 * np.where(u < warm, u / warm, 0.05 + 0.475 * (1 + np.cos(np.pi * (u - warm) / (1 - warm))))


def language_model(rng):
    """From ln(vocabulary) down as a power of the step, faster where the cosine ends; train loss of minibatches."""
    n = int(rng.choice([200, 500, 1000, 3000]))
    k = np.arange(1, n + 1)
    every = int(rng.choice([1, 10, 50, 100]))
    floor, scale = rng.uniform(1.5, 3.2), rng.uniform(0.01, 0.1) * n
    rate = cosine(n)
    trend = floor + (rng.uniform(9, 11) - floor) * (1 + k / scale) ** -rng.uniform(0.5, 1.2)
    trend -= rng.uniform(0, 0.15) * (1 - rate / rate.max()) * (k > n / 10)
    loss = trend * np.exp(noise(rng, n, rng.uniform(0.003, 0.05)))
    grad = np.exp(noise(rng, n, 0.2)) * (0.3 + 2 * np.exp(-k / scale))
    at = np.linspace(n // 20, n, int(rng.integers(5, 40))).astype(int) - 1
    test = trend[at] * np.exp(noise(rng, at.size, rng.uniform(0.0005, 0.005), 0.5))
    s = every * k
    return {"train_loss": (s, loss), "lr": (s, rate), "grad_norm": (s, grad), "test_loss": (s[at], test)}


def classifier(rng):
    """Epochs of an image classifier whose rate decays as a cosine or in steps; the test loss flattens."""
    n = int(rng.choice([20, 30, 50, 100, 200]))
    k = np.arange(n)
    classes = int(rng.choice([10, 100, 1000]))
    tau, floor = rng.uniform(0.05, 0.25) * n, rng.uniform(0.02, 0.4)
    cuts = np.sort(rng.choice(np.arange(n // 4, n - 3), 2, replace=False))
    steps = rng.random() < 0.5
    rate = 0.1 * 0.1 ** ((k >= cuts[0]).astype(float) + (k >= cuts[1])) if steps else cosine(n)
    trend = floor + (np.log(classes) - floor) * np.exp(-((k / tau) ** 0.7))
    trend *= np.where(rate < 0.05, 0.75, 1.0) * np.where(rate < 0.005, 0.9, 1.0) if steps else 1.0
    loss = trend * np.exp(noise(rng, n, rng.uniform(0.005, 0.04)))
    gap = rng.uniform(0.05, 0.6)
    test = (trend + gap * (1 - np.exp(-k / tau))) * np.exp(noise(rng, n, rng.uniform(0.01, 0.08), 0.3))
    acc = np.clip(np.exp(-loss) + 0.01 * rng.normal(size=n), 0, 1)
    test_acc = np.clip(np.exp(-0.8 * test) + 0.01 * rng.normal(size=n), 0, 1)
    made = {"train_loss": loss, "test_loss": test, "train_acc": acc, "test_acc": test_acc, "lr": rate}
    return {name: (k, values) for name, values in made.items()}


def fine_tune(rng):
    """Records of small batches, whose noise is as large as what is gained; a linear decay of the rate."""
    n = int(rng.choice([60, 150, 400, 1000]))
    k = np.arange(1, n + 1)
    start, end = rng.uniform(1.0, 3.0), rng.uniform(0.4, 0.9)
    trend = start * (end + (1 - end) * np.exp(-k / rng.uniform(3, n / 4)))
    loss = trend * np.exp(noise(rng, n, rng.uniform(0.02, 0.25), tails=rng.choice([5, 8, 30])))
    rate = 2e-5 * np.minimum(k / (0.03 * n), 1) * (1 - k / (n + 1))
    grad = np.exp(noise(rng, n, 0.4))
    at = np.linspace(n / int(rng.integers(5, 12)), n, 6).astype(int) - 1
    test = trend[at] * np.exp(noise(rng, at.size, rng.uniform(0.001, 0.01), 0.3))
    s = 10 * k
    return {"train_loss": (s, loss), "lr": (s, rate), "grad_norm": (s, grad), "test_loss": (s[at], test)}


def minibatch_classifier(rng):
    """The loss of single minibatches on the way to a fit, which scatters by a factor near its end."""
    n = int(rng.choice([500, 1500, 4000]))
    k = np.arange(n)
    trend = 0.02 + 2.3 * np.exp(-((k / rng.uniform(0.05, 0.3) / n) ** 0.8))
    loss = trend * np.exp(noise(rng, n, rng.uniform(0.1, 0.5), memory=0.3, tails=30))
    return {"train_loss": (k, loss), "train_acc": (k, np.clip(np.exp(-loss), 0, 1))}


def likelihood(rng):
    """A density whose loss passes zero and comes to rest below it."""
    n = int(rng.choice([200, 1000]))
    k = np.arange(n)
    low = -rng.uniform(1, 50)
    trend = low + (rng.uniform(1, 3) - low) * (1 + k / (n / 30)) ** -0.8
    return {"train_loss": (k, trend + rng.uniform(0.01, 0.1) * noise(rng, n, 1.0)), "lr": (k, cosine(n))}


def returns(rng):
    """The return of a policy, which rises restlessly and stays up; a loss that means nothing."""
    n = int(rng.choice([100, 300, 1000]))
    k = np.arange(n)
    top, wander = rng.uniform(50, 500), autoregressive(rng, n, 0.95)
    reward = top * (1 - 0.9 * np.exp(-k / (n / rng.uniform(4, 12)))) + top * rng.uniform(0.02, 0.06) * wander
    return {"reward": (k, reward), "train_loss": (k, 0.4 + 0.08 * noise(rng, n, 1.0))}


def two_players(rng):
    """Losses of a generator and a discriminator that hold each other, of four kinds; restless, and drifting."""
    n = int(rng.choice([60, 200, 1000]))
    k = np.arange(n)
    kind = rng.choice(["logistic", "squares", "hinge", "wasserstein"])
    wander = autoregressive(rng, n, 0.97) * rng.uniform(0.02, 0.15)
    settle = np.exp(-k / rng.uniform(3, n / 5))
    if kind == "wasserstein":
        critic = -rng.uniform(1, 8) * (1 + rng.uniform(0, 4) * settle) * np.exp(wander) + rng.uniform(0, 5) * settle
        return {"disc_loss": (k, critic + 0.2 * noise(rng, n, 1.0)), "gen_loss": (k, 20 * wander + noise(rng, n, 1.0))}
    start, end = {"logistic": (1.4, 0.9), "squares": (0.5, 0.35), "hinge": (2.0, 1.4)}[kind]
    end *= rng.uniform(0.25, 1.0)
    held = (end + (start - end) * settle) * np.exp(-wander) * np.exp(noise(rng, n, rng.uniform(0.05, 0.4)))
    rises = rng.uniform(0.8, 3.5)
    other = (0.8 + rises * (1 - settle)) * np.exp(wander) * np.exp(noise(rng, n, rng.uniform(0.05, 0.3)))
    return {"disc_loss": (k, held), "gen_loss": (k, other)}


def walks(rng):
    """A reward that learns nothing, or little, and wanders: walks, as they are or seen through means, and games won."""
    n = int(rng.choice([30, 60, 100, 300, 1000]))
    kind = rng.choice(["plain", "up", "noisy", "mean", "slow", "share", "won"])
    walk = np.cumsum(rng.normal(size=n + 99) + (kind == "up") * rng.uniform(0, 0.2))
    reward = {
        "noisy": lambda: walk[:n] + rng.uniform(0.5, 5) * rng.normal(size=n),
        "mean": lambda: np.convolve(walk, np.ones(100) / 100, "valid"),
        "slow": lambda: lfilter([0.1], [1, -0.9], walk)[:n],
        "share": lambda: 1 / (1 + np.exp(-walk[:n] * rng.uniform(0.02, 0.2))),
        "won": lambda: (rng.random(n) < 0.2 + np.arange(n) / n * rng.uniform(0, 0.6)).astype(float),
    }.get(kind, lambda: walk[:n])()
    return {"reward": (np.arange(n), reward)}


HEALTHY: dict[str, Callable[[np.random.Generator], dict]] = {
    f.__name__: f
    for f in (language_model, classifier, fine_tune, minibatch_classifier, likelihood, returns, two_players, walks)
}


def healthy(kind: str, seed: int) -> Log:
    """A healthy run; the full-batch loss is lent by the train loss, as of a file."""
    made = HEALTHY[kind](np.random.default_rng([seed, sorted(HEALTHY).index(kind)]))
    return Log({**made, "loss": made["train_loss"]} if "train_loss" in made else made)
