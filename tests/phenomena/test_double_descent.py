"""Double descent: the risk of Heckel and Yilmaz in time, and fits with more or fewer samples than features."""

import numpy as np
import pytest

from bestiary.detectors.hump import hump
from bestiary.log import Log
from bestiary.phenomena.epoch_wise_double_descent import PHENOMENON, risk_of_many_samples
from bestiary.phenomena.model_wise_double_descent import fit

STEPS = PHENOMENON.schedule(PHENOMENON.static)
FIVE_A_FEATURE = {"samples": 1025.0, "fast_signal": 0.5, "slow_signal": 0.9, "noise": 2.25, "test_noise": 0.0}


def risk(fast=70, **knobs):
    """(R,) The formula at every recorded step."""
    static = PHENOMENON.static._replace(fast=fast)
    return np.asarray(risk_of_many_samples(STEPS.astype(float), PHENOMENON.knobs._replace(**knobs), static))


def test_the_risk_of_figure_2():
    """One feature a scale, 10 samples, by the authors' notebook: it falls, rises and falls again."""
    t, s, theta = STEPS.astype(float), np.array([1.0, 0.15]), np.array([0.45, 3.0])
    left = (1 - 0.1 * s**2) ** t[:, None]
    theirs = (left**2 * (s * theta) ** 2).sum(1) + 0.1 * ((1 - left) ** 2).sum(1)
    static = PHENOMENON.static._replace(fast=1, slow=1)
    knobs = PHENOMENON.knobs._replace(
        lr=0.1, scale=0.15, samples=10.0, fast_signal=0.45, slow_signal=0.45, noise=1.0, test_noise=0.0
    )
    np.testing.assert_allclose(risk_of_many_samples(t, knobs, static), theirs, rtol=1e-4)
    rise = hump(Log.of(t, test_loss=theirs)).effects["rise"].value
    assert rise == pytest.approx(1.038, abs=0.002)


def test_it_has_a_hump_at_five_samples_a_feature():
    finding = hump(Log.of(STEPS, test_loss=risk(200, **FIVE_A_FEATURE)))
    assert finding.found
    assert finding.effects["rise"].value == pytest.approx(1.70, abs=0.02)
    assert finding.effects["fall"].value == pytest.approx(1.73, abs=0.02)


@pytest.mark.parametrize("knobs", [{"noise": 0.0}, {"noise": 0.0, "samples": 20.0}])
def test_it_has_none_without_noise(knobs):
    assert np.all(np.diff(risk(**knobs)) <= 0)


@pytest.mark.parametrize("noise", [0.0, 1.0, 2.0])
def test_it_has_none_at_the_defaults(noise):
    """Where the entry's first cause makes a threefold rise, the formula of the second has next to none."""
    assert hump(Log.of(STEPS, test_loss=risk(noise=noise))).effects["rise"].value < 1.2


@pytest.mark.parametrize(("samples", "width"), [(6, 3), (6, 12), (12, 5), (4, 12), (12, 12)])
def test_the_fit_is_that_of_least_norm(samples, width):
    """Of the first samples by the first features, whichever are more."""
    rng = np.random.default_rng(0)
    phi, y = rng.normal(size=(12, 12)).astype(np.float32), rng.normal(size=12).astype(np.float32)
    want = np.zeros(12)
    want[:width] = np.linalg.lstsq(phi[:samples, :width].astype(float), y[:samples], rcond=None)[0]
    np.testing.assert_allclose(fit(phi, y, samples, width, 0.0), want, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("ridge", [0.0, 0.05])
def test_the_risk_with_a_ridge_is_that_of_the_features_one_by_one(ridge):
    """Gradient descent on many independent features, written out: bias and variance of either scale."""
    t, n, noise = np.array([0, 1, 7, 300, 20_000]), 500.0, 2.0
    want = noise**2 * np.ones(t.size)
    for s, step, signal, features in ((1.0, 1.0, 0.5, 70), (0.2, 3.0, 0.9, 5)):
        truth, mean, spread = signal / s, np.zeros(t.size), np.zeros(t.size)
        w, v = 0.0, 0.0  # the weight without noise, and the weight of unit noise in s^2 (w + e)
        for now in range(t[-1] + 1):
            mean[t == now], spread[t == now] = w, v
            w -= 0.2 * step * (s**2 * (w - truth) + ridge * w)
            v -= 0.2 * step * (s**2 * (v - 1) + ridge * v)
        want += s**2 * (mean - truth) ** 2 + features * s**2 * spread**2 * noise**2 / n / s**2
    knobs = PHENOMENON.knobs._replace(
        scale=0.2, slow_step=3.0, fast_signal=0.5, slow_signal=0.9, samples=n, noise=noise, ridge=ridge
    )
    np.testing.assert_allclose(risk_of_many_samples(t.astype(float), knobs, PHENOMENON.static), want, rtol=1e-4)


def test_fifty_steps_without_a_ridge_are_those_of_plain_descent():
    import jax

    from bestiary.train import trainer

    p = PHENOMENON
    carry = trainer.begin_run(p, p.static, p.knobs, 0, 0)
    w, data = np.zeros(75), {name: np.asarray(a, np.float64) for name, a in carry.data.items()}
    step = jax.jit(lambda s: trainer.step_run(p, p.static, carry._replace(state=s)))
    state = carry.state
    for _ in range(50):
        w, state = w - 0.2 * (data["xx"] @ w - data["xy"]), step(state)
    np.testing.assert_allclose(state.params, w, rtol=1e-5, atol=1e-6)
    misfit = w @ data["xx"] @ w - 2 * w @ data["xy"] + data["yy"]
    ridged = p.observe(state, carry.data, p.knobs._replace(ridge=1.0), p.static)
    assert float(ridged["train_loss"]) == pytest.approx(misfit, rel=1e-3)  # the misfit alone, whatever the ridge
