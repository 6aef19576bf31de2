"""Warm-up, and a noise in the target of the catapult: off they change nothing, on the recursion has them."""

import jax
import numpy as np
import pytest
from begun import trained

from bestiary.phenomena import catapult


def recursion(kick, kappa, lr, noise):
    """phi and lambda after every step, of steps lr [1 / lambda_0] and targets `noise`, in double precision."""
    seen = []
    for step, y in zip(lr, noise, strict=True):
        error = kick - y
        kick, kappa = (
            kick * (1 + (step * error) ** 2) - step * error * kappa,
            kappa * (1 + (step * error) ** 2) - 4 * step * error * kick,
        )
        seen.append((kick, kappa))
    return np.array(seen)


@pytest.mark.parametrize(("warmup", "noise"), [(0.0, 0.0), (20.0, 0.0), (20.0, 0.3)])
def test_a_run_is_the_recursion_of_two_numbers(warmup, noise):
    """Fifty steps of output and curvature, in units of sqrt(n); with neither knob those of plain descent."""
    p, n = catapult.PHENOMENON, catapult.PHENOMENON.static.width
    states, data, knobs = trained(p, 50, lr=2.2, warmup=warmup, noise=noise)
    key = jax.random.wrap_key_data(jax.random.key_data(jax.random.key(0, impl="threefry2x32")), impl="threefry2x32")
    targets = [float(p.batch(jax.random.fold_in(key, t), data, knobs, p.static)) for t in range(50)]
    lr = float(knobs.lr) * np.minimum(1, (np.arange(50) + 1) / max(warmup, 1))
    f, curved = (
        np.array([float(of(s.params, p.static)) for s in states]) for of in (catapult.network, catapult.curvature)
    )
    want = recursion(f[0] / n**0.5, curved[0], lr, np.array(targets) / n**0.5)
    np.testing.assert_allclose(f[1:], want[:, 0] * n**0.5, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(curved[1:], want[:, 1], rtol=1e-5)
    assert (np.std(targets) > 0) == (noise > 0)


def test_fifty_steps_without_warmup_and_noise_are_those_of_plain_descent():
    states, _, knobs = trained(catapult.PHENOMENON, 50)
    w, static = states[0].params, catapult.PHENOMENON.static
    step = jax.jit(jax.grad(lambda w: 0.5 * catapult.network(w, static) ** 2))
    for _ in range(50):
        w = jax.tree.map(lambda w, g: w - knobs.lr * g, w, step(w))
    for one, other in zip(jax.tree.leaves(states[-1].params), jax.tree.leaves(w), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
