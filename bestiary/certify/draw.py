"""What generated curves are drawn from: lengths, sizes and four kinds of noise, all from one seed."""

from __future__ import annotations

import zlib

import numpy as np
from scipy.signal import lfilter

NOISES = ("white", "autocorrelated", "heavy_tails", "growing")
MEMORY, TAILS = 0.9, 4  # of autocorrelated noise, from record to record; degrees of freedom of heavy tails


class Draw:
    """The random choices of one generated log.

    Args:
        root: root seed.
        name: what is drawn, such as spike/one.
        seed: number of the log; it decides the kind of noise, which takes turns.
    """

    def __init__(self, root: int, name: str, seed: int) -> None:
        self.rng = np.random.default_rng([root, zlib.crc32(name.encode()), seed])
        self.noise = NOISES[seed % len(NOISES)]
        self.n = int(self.rng.choice([600, 1000, 1600]))
        self.k = np.arange(self.n, dtype=np.float64)
        self.u = self.k / (self.n - 1)  # [run] from 0 to 1
        self.every = int(self.rng.choice([1, 10, 50]))  # [step] between two records

    def between(self, low: float, high: float) -> float:
        """Draw a number evenly."""
        return float(self.rng.uniform(low, high))

    def spread(self, low: float, high: float) -> float:
        """Draw a positive number evenly in its logarithm."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def whole(self, low: int, high: int) -> int:
        """Draw a whole number; both ends may come."""
        return int(self.rng.integers(low, high + 1))

    def record(self, low: float, high: float) -> int:
        """Draw a record between two shares of the run."""
        return round(self.between(low, high) * (self.n - 1))

    def g(self) -> np.ndarray:
        """Draw noise of deviation 1 (n,), of the log's kind.

        White is Gaussian; autocorrelated is AR(1) with 0.9 from record to record; heavy tails are Student's t with four
        degrees of freedom; growing is Gaussian whose deviation grows from 0.3 to 1.4 over the run.
        """
        white = self.rng.standard_normal(self.n)
        if self.noise == "autocorrelated":
            start = self.rng.standard_normal()
            return lfilter([np.sqrt(1 - MEMORY**2)], [1, -MEMORY], white, zi=[MEMORY * start])[0]
        if self.noise == "heavy_tails":
            return self.rng.standard_t(TAILS, self.n) / np.sqrt(TAILS / (TAILS - 2))
        return white * (0.3 + 1.1 * self.u) if self.noise == "growing" else white

    def factor(self, size: float) -> np.ndarray:
        """Draw noise that a positive curve is multiplied by (n,), of this deviation in its logarithm."""
        return np.exp(size * self.g())

    def decay(self, fall: float) -> np.ndarray:
        """Draw a curve (n,) that falls from 1 to 1 / fall, as a power of the step or exponentially."""
        if self.rng.random() < 0.5:
            shape = (1 + self.k / (self.between(0.02, 0.1) * self.n)) ** -self.between(0.4, 1.0)
        else:
            shape = np.exp(-self.u / self.between(0.1, 0.4))
        shape = (shape - shape[-1]) / (1 - shape[-1])
        return 1 / fall + (1 - 1 / fall) * shape


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-x)) of any shape; no overflow."""
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))


def step_up(k: np.ndarray, at: float, width: float) -> np.ndarray:
    """Return a logistic (n,) with its middle at a record, which takes `width` from a tenth to nine tenths."""
    return sigmoid((k - at) * 2 * np.log(9) / width)
