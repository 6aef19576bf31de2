"""What of some setups is arithmetic: no run can differ from it, so it is tested here and claimed nowhere."""

import jax
import numpy as np
import pytest

from bestiary.log import Log
from bestiary.phenomena import balancedness, dirac_gan, lazy_to_rich, saddle_to_saddle, spectral_bias, symmetry_test
from bestiary.train import trainer


def trained(phenomenon, steps, static=None, seed=0, **knobs):
    """Start, end, data and knobs of one run of so many steps, and what is observed at its end."""
    static = static or phenomenon.static
    state, data, knobs, *_ = trainer.begin_run(phenomenon, static, phenomenon.knobs._replace(**knobs), seed, 0)
    key = jax.random.key_data(jax.random.key(0, impl="threefry2x32"))
    step = jax.jit(lambda s: trainer.step_run(phenomenon, static, trainer.Carry(s, data, knobs, key)))
    start = state
    for _ in range(steps):
        state = step(state)
    seen = {c: float(v) for c, v in phenomenon.observe(state, data, knobs, static).items()}
    return start, state, data, knobs, seen


# --- balancedness


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_a_step_changes_the_balance_by_its_decay_and_by_the_square_of_the_gradient(decay):
    start, end, data, knobs, _ = trained(balancedness.PHENOMENON, 1, lr=0.05, weight_decay=decay)
    bare = knobs._replace(weight_decay=0.0)
    slope = jax.grad(balancedness.loss)(start.params, data, bare, balancedness.PHENOMENON.static)
    before, after, of_slope = (np.subtract(*balancedness.norms(p)) for p in (start.params, end.params, slope))
    left = (1 - 0.05 * decay) ** 2 * before + 0.05**2 * of_slope
    assert np.asarray(after) == pytest.approx(np.asarray(left), abs=2e-6)


# --- Dirac GAN


def turned(steps, lr=0.1, h=0.5, damping=0.0, in_turn=False):
    """The factor by which the distance from the equilibrium grows, at most, by the eigenvalues of the linear map."""
    generator = np.array([[1, -lr * h], [0, 1]])
    if in_turn:
        return np.abs(np.linalg.eigvals(np.array([[1, 0], [lr * h, 1 - damping]]) @ generator)).max() ** steps
    return np.abs(np.linalg.eigvals(np.array([[1, -lr * h], [lr * h, 1 - damping]]))).max() ** steps


@pytest.mark.parametrize(
    ("knobs", "law"),
    [
        ({}, {}),
        ({"in_turn": 1.0}, {"in_turn": True}),
        ({"reg": 0.02}, {"damping": 0.002}),
        ({"reg": 0.03}, {"damping": 0.003}),
        ({"noise": 0.25}, {"damping": 0.1 * 0.25**2 / 2}),
        ({"wasserstein": 1.0}, {"h": 1.0}),
        ({"wasserstein": 1.0, "noise": 0.25}, {"h": 1.0}),  # a straight score does not feel noise
    ],
)
def test_close_to_equilibrium_the_game_is_its_linear_map(knobs, law):
    p, periods = dirac_gan.PHENOMENON, 4
    *_, seen = trained(p, 0, **knobs)
    steps = round(periods * seen["period_in_theory"])
    _, _, _, _, later = trained(p, steps, **knobs)
    growth = later["distance"] / seen["distance"]
    assert growth == pytest.approx(turned(steps, **law), rel=0.02)
    assert seen["growth_in_theory"] ** periods == pytest.approx(turned(steps, **law), rel=0.02)


def test_a_slope_that_is_pulled_to_1_leaves_the_equilibrium():
    *_, seen = trained(dirac_gan.PHENOMENON, 300, wasserstein=1.0, reg=1.0, goal=1.0)
    assert seen["distance"] > 0.9


# --- lazy to rich


def test_mirrored_units_turn_a_smooth_kernel_by_the_square_of_their_movement():
    p = lazy_to_rich.PHENOMENON
    static = p.static._replace(activation="softplus", width=20, samples=40)
    little, more = (trained(p, 10, static, alpha=alpha, lr=1.0)[-1] for alpha in (20.0, 10.0))
    assert more["moved"] / little["moved"] == pytest.approx(2, rel=0.02)
    assert more["kernel_distance"] / little["kernel_distance"] == pytest.approx(16, rel=0.1)


# --- saddle to saddle


def test_the_modes_of_a_single_layer_are_not_staggered():
    p, steps = saddle_to_saddle.PHENOMENON, np.arange(0.0, 400.0, 2.0)
    relaxed = 1 - (1 - p.knobs.lr) ** steps
    finding = p.detect(Log.of(steps, **{f"mode_{i}": relaxed for i in range(1, 5)}))
    assert finding.state == "absent"
    assert finding.effects["rise"].value == pytest.approx(np.log(9) / np.log(2), rel=0.01)
    assert finding.effects["half_1"].value == pytest.approx(np.log(2) / -np.log1p(-p.knobs.lr), rel=0.01)


# --- spectral bias


def test_eigenvalues_of_the_hidden_layer_are_those_published_for_the_circle():
    """Basri et al., arXiv:1906.00425: with bias, on points without end."""
    p = spectral_bias.PHENOMENON
    ours = spectral_bias.eigenvalues(p.knobs._replace(readout=0.0), p.static._replace(points=4096))
    odd, even = (lambda k: 1 / (np.pi * k) ** 2), (lambda k: (k**2 + 1) / (np.pi * (k**2 - 1)) ** 2)
    published = [1 / np.pi**2 + 1 / 8, odd(3), odd(5), even(8)]
    assert np.asarray(ours) == pytest.approx(published, rel=1e-3)


@pytest.mark.parametrize("readout", [0.0, 1.0])
def test_the_readout_learns_by_its_factor(readout):
    static = spectral_bias.PHENOMENON.static._replace(width=16)
    start, end, *_ = trained(spectral_bias.PHENOMENON, 2, static, readout=readout)
    assert (np.asarray(start.params["a"]) == np.asarray(end.params["a"])).all() == (readout == 0)
    assert (np.asarray(start.params["w"]) != np.asarray(end.params["w"])).any()


# --- symmetry test


@pytest.mark.parametrize("broken", [0.03, 0.5, 1.0])
@pytest.mark.parametrize("frequency", [0.7, 1.5])
def test_the_odd_share_of_a_wave(broken, frequency):
    """The formula of the law against many points."""
    p = symmetry_test.PHENOMENON
    x = np.random.default_rng(0).normal(size=(200_000, 1)).astype(np.float32)
    knobs = p.knobs._replace(broken=broken, frequency=frequency)
    share = symmetry_test.odd_share(symmetry_test.wave(np.concatenate([x, -x]), np.ones(1, np.float32), knobs))
    fade = np.exp(-2 * frequency**2)
    assert float(share) == pytest.approx(broken * (1 - fade) / (1 + (1 - 2 * broken) * fade), rel=0.02)
