"""A drop of the step size in rotational equilibrium: off it changes nothing, on it does what |w|^4 says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from begun import begun, trained

from bestiary.phenomena import rotational_equilibrium as rotation


def rotated(steps, drop=1.0, drop_at=10**9):
    """Weights and angles of SGD with decay on the same draws, written out."""
    p = rotation.PHENOMENON
    state, target, knobs, _ = begun(p)
    w, seen = state.params["w"], []
    key = jax.random.wrap_key_data(jax.random.key_data(jax.random.key(0, impl="threefry2x32")), impl="threefry2x32")

    @jax.jit
    def step(w, lr, t):
        draw = jax.random.normal(jax.random.fold_in(key, t), (p.static.batch, p.static.width + 1))
        batch = draw[:, :-1], draw[:, :-1] @ target + draw[:, -1]
        return (1 - lr * 0.01) * w - lr * jax.grad(rotation.loss)(w, batch, knobs, p.static)

    for t in range(steps):
        new = step(w, 0.1 * (drop if t >= drop_at else 1.0), t)
        seen.append(float(jnp.linalg.norm(new / jnp.linalg.norm(new) - w / jnp.linalg.norm(w))))
        w = new
    return w, np.array(seen)


def test_fifty_steps_without_a_drop_are_those_of_one_step_size():
    states, _, _ = trained(rotation.PHENOMENON, 50)
    w, _ = rotated(50)
    np.testing.assert_allclose(states[-1].params["w"], w, rtol=1e-6, atol=1e-6)


def test_after_the_drop_the_step_is_smaller_and_older_angles_are_forgotten():
    states, target, knobs = trained(rotation.PHENOMENON, 60, left=0.1, drop_at=40.0)
    w, angles = rotated(60, drop=0.1, drop_at=40)
    np.testing.assert_allclose(states[-1].params["w"], w, rtol=1e-5, atol=1e-5)
    for t, first in ((40, 0), (60, 40)):
        weight = rotation.MEMORY ** np.arange(t - first)[::-1]
        mean = np.sqrt(weight @ angles[first:t] ** 2 / weight.sum())
        seen = rotation.observe(states[t], target, knobs, rotation.PHENOMENON.static)
        assert float(seen["angle"]) == pytest.approx(mean, rel=1e-3)


@pytest.mark.parametrize("since", [1.0, 200.0, 2000.0, 20000.0])
def test_the_angle_on_its_way_to_the_new_level(since):
    """Against |w|^4 and the mean over memory, step by step, in units of G."""
    knobs = rotation.PHENOMENON.knobs._replace(lr=0.05, weight_decay=0.01, left=0.1, drop_at=100.0)
    lr, steps = 0.005, int(since)
    r, mean, decay = 10 * lr / (2 * 0.01), 0.0, -4 * np.log1p(-lr * 0.01)
    for _ in range(steps):
        mean = rotation.MEMORY * mean + (1 - rotation.MEMORY) * lr**2 / r
        r += decay * (lr / (2 * 0.01) - r)
    want = np.sqrt(mean / (1 - rotation.MEMORY**steps))
    got = rotation.angle_in_theory(100.0 + since, knobs, rotation.PHENOMENON.static)
    assert float(got) == pytest.approx(want, rel=2e-3)
