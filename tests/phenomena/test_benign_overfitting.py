"""benign_overfitting: the setup against arithmetic in double precision."""

import numpy as np
import pytest
from begun import begun

from bestiary.phenomena import benign_overfitting


def test_doubling_is_gradient_descent():
    p = benign_overfitting.PHENOMENON
    static = p.static._replace(samples=6, strong=2, most_weak=20)
    state, data, knobs, _ = begun(p, static, weak=20.0)
    rate = float(state.params[0, 0])
    kernel = np.asarray(data["strong"] + data["weak"], np.float64)
    by_step = sum(rate * np.linalg.matrix_power(np.eye(6) - rate * kernel, i) for i in range(8))
    for _ in range(3):
        state = p.step(None, state, data, knobs, static)
    assert np.asarray(state.params) == pytest.approx(by_step, rel=1e-4, abs=1e-7)


def test_the_equivalent_solves_its_equation():
    p = benign_overfitting.PHENOMENON
    n, k, weak, tail = 50, 5, 2000, 10.0
    kappa = np.roots([n, n * (1 + tail / weak) - k - tail, n * tail / weak - k * tail / weak - tail]).max()
    assert k / (1 + kappa) + weak * (tail / weak) / (tail / weak + kappa) == pytest.approx(n)
    squares = k / (1 + kappa) ** 2 + weak * (tail / weak / (tail / weak + kappa)) ** 2
    excess = squares / (n - squares) + (kappa / (1 + kappa)) ** 2 / (1 - squares / n)
    assert float(benign_overfitting.equivalent(p.knobs, p.static)) == pytest.approx(excess, rel=1e-4)
