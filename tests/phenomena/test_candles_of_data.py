"""Setups whose numbers theory gives, against that theory: learning curves, norms and scores."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bestiary import fact_table
from bestiary.phenomena import emergence_metric, weight_norm_growth, zipf_scaling
from bestiary.train import trainer


def trained(phenomenon, steps, static=None, seed=0, **knobs):
    """State, data and knobs of one run after so many steps."""
    static = static or phenomenon.static
    carry = trainer.begin_run(phenomenon, static, phenomenon.knobs._replace(**knobs), seed, 0)
    step = jax.jit(lambda carry: trainer.step_run(phenomenon, static, carry))
    for _ in range(steps):
        carry = carry._replace(state=step(carry))
    return carry


# --- facts that are learned one at a time


def test_facts_are_drawn_by_their_frequencies_the_rare_ones_too():
    """Expected and drawn counts of octaves of ranks, within five deviations; float32 alone would lose the last."""
    p = fact_table.zipf(2**16, 1.0)
    drawn = np.asarray(fact_table.draw(jax.random.key(0), p, 2_000_000))
    edges = 2 ** np.arange(17)
    counts = np.histogram(drawn + 1, np.r_[edges, 2**17])[0][:16]
    exact = np.arange(1, 2**16 + 1.0) ** -2
    mean = np.add.reduceat(exact / exact.sum(), edges[:-1] - 1) * drawn.size
    assert (abs(counts - mean) <= 5 * np.sqrt(mean)).all()
    assert drawn.min() == 0 and drawn.max() < 2**16


@pytest.mark.parametrize("lr", [0.1, 1.0])
def test_counts_are_all_there_is_to_sgd_on_a_table(lr):
    """SGD on 1/2 (w_i - y_i)^2 with random targets, an example at a time, in NumPy."""
    rng = np.random.default_rng(0)
    y, w, drawn = rng.normal(size=8), np.zeros(8), rng.integers(8, size=40)
    for i in drawn:
        w[i] -= lr * (w[i] - y[i])
    rest = fact_table.left(jnp.bincount(drawn, length=8), lr)
    np.testing.assert_allclose((y - w) / y, rest, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("lr", [0.1, 1.0])
def test_the_mean_of_what_is_left_is_that_of_a_binomial(lr):
    p, n = np.array([0.5, 0.3, 0.2]), 12
    k = np.arange(n + 1)
    choose = np.array([np.prod(np.arange(n - i + 1, n + 1)) / np.prod(np.arange(1, i + 1)) for i in k])
    mean = [np.sum(choose * q**k * (1 - q) ** (n - k) * (1 - lr) ** (2.0 * k)) for q in p]
    np.testing.assert_allclose(fact_table.expected(jnp.asarray(p), lr, n), mean, rtol=1e-5)


def test_the_loss_of_zipf_facts_is_the_mean_of_many_runs():
    """Within five standard errors of 64 runs."""
    p = zipf_scaling.PHENOMENON
    static = p.static._replace(facts=256, batch=64)
    ends = []
    for seed in range(64):
        carry = trained(p, 8, static, seed)
        ends.append(p.observe(carry.state, carry.data, carry.knobs, static))
    losses, law = np.array([float(e["loss"]) for e in ends]), float(ends[0]["loss_in_theory"])
    assert abs(losses.mean() - law) <= 5 * losses.std() / 8
    i = np.arange(1, 257.0) ** -2
    i /= i.sum()
    assert law == pytest.approx(np.sum(i * (1 - i * (1 - 0.9**2)) ** 512), rel=1e-4)


# --- norms that grow


@pytest.mark.parametrize("noise", [1.0, 10.0])
@pytest.mark.parametrize("cosine", [-0.3, 0.6, 0.99])
def test_the_pull_is_the_mean_of_many_gradients(noise, cosine):
    """|g|^2 |w|^2 over 20,000 batches, by the formula of the gradient in NumPy; within five standard errors."""
    d, size, n, rng = 8, 4, 20_000, np.random.default_rng(0)
    target, w = np.eye(d)[0], 3.0 * np.r_[cosine, (1 - cosine**2) ** 0.5, np.zeros(d - 2)]
    x = rng.normal(size=(n, size, d))
    unit = w / 3.0
    error = x @ (unit - target) - noise * rng.normal(size=(n, size))
    g = np.einsum("nb,nbd->nd", error, x - (x @ unit)[..., None] * unit) / size / 3.0
    squares = 9.0 * np.sum(g**2, 1)
    p = weight_norm_growth.PHENOMENON
    static, knobs = p.static._replace(width=d, batch=size), p.knobs._replace(noise=noise)
    law = float(weight_norm_growth.pull(jnp.asarray(w), jnp.asarray(target), knobs, static))
    assert abs(squares.mean() - law) <= 5 * squares.std() / n**0.5


@pytest.mark.parametrize("optimizer", ["sgd", "sign", "adam"])
def test_a_step_of_sgd_adds_the_square_of_its_length_alone(optimizer):
    """|w'|^2 = |w|^2 + lr^2 |g|^2 under SGD; sign descent and Adam's first step are lr sqrt(d) long."""
    p = weight_norm_growth.PHENOMENON
    static = p.static._replace(optimizer=optimizer)
    before, after = trained(p, 0, static), trained(p, 1, static)
    w, new = (np.asarray(c.state.params["w"], np.float64) for c in (before, after))
    moved = np.sum((new - w) ** 2)
    if optimizer == "sgd":
        assert np.sum(new**2) == pytest.approx(np.sum(w**2) + moved, rel=1e-5)
    else:
        assert moved == pytest.approx(0.1**2 * static.width, rel=1e-4)


# --- the score of an answer


def test_an_answer_is_right_if_all_of_its_tokens_are():
    """Answers drawn token by token, each wrong with the probability that is left of its error, in NumPy."""
    p = emergence_metric.PHENOMENON
    static = p.static._replace(facts=32, batch=64)
    carry = trained(p, 4, static, length=3.0)
    seen = p.observe(carry.state, carry.data, carry.knobs, static)
    wrong = 0.9 ** np.asarray(carry.state.params, np.float64)
    rng, n = np.random.default_rng(0), 200_000
    tokens = rng.choice(32, size=(n, 3), p=np.asarray(carry.data, np.float64) / np.sum(carry.data))
    share = np.mean((rng.random((n, 3)) < wrong[tokens]).any(1))
    assert abs(share - float(seen["wrong"])) <= 5 * (0.25 / n) ** 0.5
    assert float(seen["token_error"]) == pytest.approx(wrong.mean(), rel=1e-5)
