"""What the entries on stability and rotation rest on, and what in them cannot fail, each derived in another way."""

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.log import Log, State
from bestiary.phenomena import adam_loss_spikes as spikes
from bestiary.phenomena import catapult, edge_of_stability, period_doubling
from bestiary.phenomena import rotational_equilibrium as rotation
from bestiary.train import trainer


def begun(phenomenon, static=None, **knobs):
    """State, data and calibrated knobs of one run before its first step."""
    carry = trainer.begin_run(phenomenon, static or phenomenon.static, phenomenon.knobs._replace(**knobs), 0, 0)
    return carry.state, carry.data, carry.knobs


def turned_by(static, w, steps=5, **knobs):
    """Directions of w after each of the steps from w, on the same draws."""
    p = rotation.PHENOMENON
    state, data, knobs = begun(p, static, **knobs)
    state = state._replace(params=state.params | {"w": w})
    seen = []
    for t in range(steps):
        state = rotation.step(jax.random.key(t), state, data, knobs, static)._replace(step=state.step + 1)
        seen.append(state.params["w"] / jnp.linalg.norm(state.params["w"]))
    return np.array(seen)


# --- edge of stability


def test_a_model_linear_in_its_parameters_has_one_sharpness():
    p, static = edge_of_stability.PHENOMENON, edge_of_stability.PHENOMENON.static._replace(network="linear")
    state, data, knobs = begun(p, static, lr=0.4)
    start = float(edge_of_stability.edge_ratio(state.params, data, knobs, static))
    moved = {"w": state.params["w"] * 3 + 1}
    assert float(edge_of_stability.edge_ratio(moved, data, knobs, static)) == pytest.approx(start, rel=1e-5)


def test_nothing_rises_to_an_edge_it_has_passed():
    t = np.arange(400.0)
    channels = {"edge_ratio": 1.1 - t / 8000, "loss": np.exp(-t / 200), "turn": -np.ones(400), "swing": np.ones(400)}
    finding = edge_of_stability.detect(Log.of(t, sharpness=2 * channels["edge_ratio"], **channels))
    assert finding.state is State.NOT_APPLICABLE


@pytest.mark.parametrize(("lr", "momentum", "turn"), [(0.9, 0.0, 1.0), (1.1, 0.0, -1.0), (0.9, 0.3, 1.0)])
def test_the_gradient_turns_round_beyond_the_edge(lr, momentum, turn):
    """On the linear model, after the other directions have been left behind; below the edge a slow one remains."""
    p, static = edge_of_stability.PHENOMENON, edge_of_stability.PHENOMENON.static._replace(network="linear")
    state, data, knobs = begun(p, static, lr=lr, momentum=momentum)
    key = jax.random.key_data(jax.random.key(0, impl="threefry2x32"))
    step = jax.jit(lambda s: trainer.step_run(p, static, trainer.Carry(s, data, knobs, key)))
    for _ in range(60):
        state = step(state)
    now = p.observe(state, data, knobs, static)
    assert float(now["turn"]) == pytest.approx(turn, abs=0.05)
    params, after = state.params, step(state).params
    gradients = [jax.grad(p.loss)(w, data, knobs, static)["w"] for w in (params, after)]
    assert float(now["swing"]) == pytest.approx(float(jnp.sum((gradients[0] - gradients[1]) ** 2)), rel=1e-3)


def test_the_sawtooth_is_held_by_the_swing():
    """dS = a - b swing^2, two cycles of 100 steps: the correlation is -1 and the cycle is told."""
    t = np.arange(0.0, 400, 10)
    ratio = 0.4 + 0.00625 * t
    ratio[t >= 80] = 0.9 + 0.004 * ((t[t >= 80] - 80) % 100)
    swing, steps = np.zeros(400), np.arange(400.0)
    for fall in t[1:][np.diff(ratio) < 0]:
        swing[int(fall) - 9 : int(fall) + 1] = 1
    axes = {name: (steps, y) for name, y in {"turn": np.sign(100 - steps), "swing": swing}.items()}
    loss = np.exp(-steps / 300) * (1 + 0.1 * (steps > 100) * (-1) ** steps)
    log = Log({"edge_ratio": (t, ratio), "sharpness": (t, 2 * ratio), "loss": (steps, loss), **axes})
    effects = edge_of_stability.detect(log).effects
    assert effects["cycle"].value == pytest.approx(100, abs=15)
    assert effects["holding"].value < -0.95
    assert effects["turn"].value == -1 and effects["turn_below"].value == 1
    assert effects["plateau"].value == pytest.approx(2 * effects["hover"].value)


# --- catapult


def test_a_minimum_holds_gradient_descent_below_two_over_the_curvature_only():
    """From anywhere in the window the recursion ends below kappa = 2, so `final` lies below 1."""
    for c in (2.1, 2.5, 3.0, 3.5, 3.8, 3.99):
        assert 0 <= catapult_recursion(1e-3, c, 3000) < 2


def catapult_recursion(kick, kappa, steps):
    for _ in range(steps):
        kick, kappa = kick * (1 - kappa + kick**2), kappa + kick**2 * (kappa - 4)
    return kappa


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_the_curvature_is_the_squared_gradient(activation):
    static = catapult.PHENOMENON.static._replace(activation=activation)
    state, _, _ = begun(catapult.PHENOMENON, static)
    gradient = jax.grad(catapult.network)(state.params, static)
    square = sum(float(jnp.sum(g**2)) for g in jax.tree.leaves(gradient))
    assert float(catapult.curvature(state.params, static)) == pytest.approx(square, rel=1e-5)


def test_the_climb_is_counted_from_an_output_of_one():
    """A loss that quadruples each step up to n, from any start: the same climb."""
    climbs = []
    for start in (1.0, 0.25):
        steps = int(np.log2(64 / start))
        f = np.r_[start * 2.0 ** np.arange(steps + 1), 64 * 0.1 ** np.arange(1, 60)]
        ratio = np.where(np.arange(f.size) <= steps, 1.5, 0.5)
        finding = catapult.detect(Log.of(np.arange(f.size), loss=f**2 / 2, edge_ratio=ratio, kick=f))
        climbs.append(finding.effects["climb"].value)
        assert finding.effects["peak_loss"].value == pytest.approx(64**2 / 2)
    assert climbs == pytest.approx([6, 6])


# --- period doubling


def multiplier(lr, points):
    """Derivative of as many steps of gradient descent along their cycle, in double precision."""
    x = 1.05
    for _ in range(200_000):
        x -= lr * (x**3 - x)
    product = 1.0
    for _ in range(points):
        product *= 1 - lr * (3 * x**2 - 1)
        x -= lr * (x**3 - x)
    return product


@pytest.mark.parametrize(("lr", "points"), [(5**0.5 - 1, 2), (1.28803, 4), (1.29923, 8)])
def test_cycles_double_where_their_multiplier_is_minus_one(lr, points):
    before, after = multiplier(lr - 5e-4, points), multiplier(lr - 1e-4, points)
    assert after < before and after + (after - before) / 4 == pytest.approx(-1, abs=0.03)


@pytest.mark.parametrize(("points", "phase"), [(2, "two"), (4, "four"), (8, "eight"), (5, "")])
def test_a_phase_for_each_doubling(points, phase):
    t = np.arange(1000)
    values = 1 + np.random.default_rng(0).normal(size=points)[t % points]
    log = Log.of(t, weight=values, swing_in_theory=np.ones(1000))
    assert period_doubling.detect(log).phase == phase


# --- rotational equilibrium


def test_another_split_of_the_product_is_the_same_run():
    """With lr c and wd / c, from w sqrt(c), every direction is the same."""
    static = rotation.PHENOMENON.static
    w = jax.random.normal(jax.random.key(3), (static.width,))
    one = turned_by(static, w, lr=0.1, weight_decay=0.01)
    other = turned_by(static, w * 2, lr=0.4, weight_decay=0.0025)
    np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_the_updates_are_those_written_out(optimizer):
    static = rotation.PHENOMENON.static._replace(optimizer=optimizer)
    knobs = {"lr": 0.1, "weight_decay": 0.5, "momentum": 0.7}
    state, target, given = begun(rotation.PHENOMENON, static, **knobs)
    w, m, v = np.asarray(state.params["w"], np.float64), 0.0, 0.0
    for t in range(4):
        draw = jax.random.normal(jax.random.key(t), (static.batch, static.width + 1))
        x, y = draw[:, :-1], draw[:, :-1] @ target + draw[:, -1]
        g = np.asarray(jax.grad(rotation.loss)(jnp.asarray(w, jnp.float32), (x, y), given, static), np.float64)
        if optimizer == "sgd":  # decay is part of what momentum remembers
            m = 0.7 * m + g + 0.5 * w
            w = w - 0.1 * m
        else:
            m, v = 0.7 * m + 0.3 * g, 0.999 * v + 0.001 * g**2
            w = w - 0.1 * (m / (1 - 0.7 ** (t + 1)) / (np.sqrt(v / (1 - 0.999 ** (t + 1))) + 1e-8) + 0.5 * w)
        state = rotation.step(jax.random.key(t), state, target, given, static)._replace(step=state.step + 1)
    np.testing.assert_allclose(state.params["w"], w, rtol=1e-3, atol=1e-4)


def test_without_decay_there_is_no_level_that_could_be_reached():
    t = np.arange(0.0, 4000, 20)
    log = Log.of(t, angle=np.sqrt(0.5 / (t + 1)), angle_in_theory=np.zeros(200), weight_norm=(1 + 2 * t) ** 0.25)
    finding = rotation.detect(log)
    assert not finding.found and finding.effects["over_free"].value == pytest.approx(1, abs=0.01)


def test_the_relaxation_of_an_exponential():
    t = np.arange(0.0, 4000, 20)
    assert rotation.relaxation(t, 80 - 79 * np.exp(-t / 250)) == pytest.approx(250, rel=1e-3)


# --- Adam's spikes


def after(static, steps, **knobs):
    """A state after some steps, the data and the knobs."""
    p = spikes.PHENOMENON
    state, data, knobs = begun(p, static, **knobs)
    key = jax.random.key_data(jax.random.key(0, impl="threefry2x32"))
    for _ in range(steps):
        state = trainer.step_run(p, static, trainer.Carry(state, data, knobs, key))
    return state, data, knobs


@pytest.mark.parametrize("network", ["pair", "mlp"])
def test_the_curvature_along_the_gradient_and_the_lag(network):
    """Against a dense Hessian, after six steps of Adam."""
    static = spikes.PHENOMENON.static._replace(network=network)
    state, data, knobs = after(static, 6, lr=0.01)
    flat, unravel = jax.flatten_util.ravel_pytree(state.params)

    def loss(w):
        return spikes.loss(unravel(w), data, knobs, static)

    g, hessian = (np.asarray(f(loss)(flat), np.float64) for f in (jax.grad, jax.hessian))
    v = np.asarray(jax.flatten_util.ravel_pytree(state.opt[0].nu)[0], np.float64) / (1 - knobs.beta2**6)
    scale = 1 / ((np.sqrt(v) + spikes.EPS) * (1 - spikes.BETA1**6))
    edge = (2 + 2 * spikes.BETA1) / ((1 - spikes.BETA1) * knobs.lr)
    seen = spikes.probe(state, data, knobs, static)
    assert float(seen["gradient_edge"]) == pytest.approx(g @ (scale * (hessian @ g)) / (g @ g) / edge, rel=1e-2)
    assert float(seen["lag"]) == pytest.approx(np.sqrt(v.sum() / (g @ g)), rel=1e-3)


def test_the_pair_is_one_of_many():
    static = spikes.PHENOMENON.static
    x = jnp.linspace(-1, 1, 5)
    two = spikes.pair({"a": jnp.array([0.3, -0.2]), "w": jnp.array([1.1, 0.7])}, x)
    ones = [spikes.pair({"a": jnp.array([a]), "w": jnp.array([w])}, x) for a, w in ((0.3, 1.1), (-0.2, 0.7))]
    np.testing.assert_allclose(two, sum(ones), rtol=1e-5)
    state, _, _ = begun(spikes.PHENOMENON, static._replace(pairs=16, start="normal"))
    assert state.params["w"].shape == (16,) and 0.1 < float(jnp.std(state.params["a"])) < 0.3


def test_biases_and_the_embedding_do_as_they_say():
    static = spikes.PHENOMENON.static._replace(network="mlp", inputs="digits")
    state, (x, _), knobs = begun(spikes.PHENOMENON, static)
    params = {name: p + 0.1 for name, p in state.params.items()}
    w = {name: np.asarray(p, np.float64) for name, p in params.items()}
    flat = np.asarray(x).reshape(spikes.POINTS, -1)
    without = np.tanh(np.tanh(flat @ w["w1"]) @ w["w2"]) @ w["w3"]
    np.testing.assert_allclose(spikes.network(params, x, knobs._replace(biases=0.0), static), without[:, 0], atol=1e-4)
    embedded = np.tanh((flat @ w["w1"] + w["b1"]) @ w["w2"] + w["b2"]) @ w["w3"] + w["b3"]
    got = spikes.network(params, x, knobs, static._replace(network="embedding"))
    np.testing.assert_allclose(got, embedded[:, 0], atol=1e-4)


def test_short_memories_follow_and_long_ones_lag():
    """What `lagging` counts, on made readings; without the channels of Adam it is left out."""
    t = np.arange(0.0, 1000, 10)
    loss, one = np.exp(-t / 500), np.ones(100)
    log = Log.of(t, loss=loss, edge_ratio=0.9 * one, gradient_edge=0.5 * one, lag=np.where(t % 40 < 30, 9.0, 1.0))
    effects = spikes.detect(log).effects
    assert effects["lagging"].value == pytest.approx(0.75, abs=0.05) and effects["lag"].value == 9
    assert effects["beyond"].value == 0 and effects["edge"].value == pytest.approx(0.9)
    assert "lag" not in spikes.detect(Log.of(t, loss=loss, edge_ratio=one)).effects
