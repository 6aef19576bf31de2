"""The data of single-location regression, and the laws of the model that learns it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.phenomena.sparse_attention_emergence import PHENOMENON, attention
from bestiary.single_location import last, sequences, unit_columns

KEY = jax.random.key(0, impl="threefry2x32")


def drawn(**change):
    given = {"length": 8.0, "copies": 1.0} | change
    matrix = unit_columns(KEY, 4)
    return matrix, sequences(KEY, matrix, 2000, 10, **given)


def test_columns_have_norm_one():
    np.testing.assert_allclose(np.linalg.norm(unit_columns(KEY, 5), axis=0), 1, rtol=1e-5)


def test_the_last_places():
    assert last(jnp.float32(3), 5).tolist() == [False, False, True, True, True]


@pytest.mark.parametrize("copies", [1, 3])
def test_relevant_places_hold_the_token_of_the_target(copies):
    matrix, (tokens, relevant, targets) = drawn(copies=float(copies), moving=1.0)
    assert (relevant.sum(1) == copies).all()
    for x, here, y in zip(tokens[:50], relevant, targets, strict=False):
        np.testing.assert_allclose(x[here] @ matrix.T, np.tile(y, (copies, 1)), atol=1e-5)


def test_a_moving_token_visits_the_places_in_use_alike():
    assert (drawn()[1].relevant == last(jnp.float32(1), 10)).all()
    share = np.asarray(drawn(moving=1.0)[1].relevant.mean(0))
    np.testing.assert_allclose(share[2:], 1 / 8, atol=0.03)
    assert not share[:2].any()


def test_the_common_token_is_as_common_as_asked():
    tokens = np.asarray(drawn(common=0.3)[1].tokens[:, -1])
    assert (tokens == np.eye(4)[0]).all(1).mean() == pytest.approx(0.3, abs=0.03)
    assert tokens[:, 1:].var() == pytest.approx(0.7 / 4, rel=0.1)


def test_shuffled_targets_are_of_another_sequence():
    np.testing.assert_array_equal(drawn(shuffled=1.0)[1].targets, np.roll(drawn()[1].targets, 1, axis=0))


def test_a_shared_score_moves_with_the_gradients_of_all_its_places():
    scores = jnp.zeros(PHENOMENON.static.positions)

    def paid(scores, tied):
        knobs = PHENOMENON.knobs._replace(copies=4.0, tied=tied)
        return attention(scores, knobs, PHENOMENON.static)[-4:].sum()

    free, shared = (jax.grad(paid)(scores, tied) for tied in (0.0, 1.0))
    assert shared[-1] == pytest.approx(4 * float(free[-1]), rel=1e-5)


@pytest.mark.parametrize("change", [{}, {"copies": 2.0}, {"copies": 2.0, "tied": 1.0}, {"common": 0.3}])
def test_the_predicted_onset_is_the_blow_up_of_the_full_gradient_flow(change):
    """Escape of the model under the exact gradient of its expected loss, without noise, at a tenth of the drop."""
    size, d, lr = 400, 16, 0.5
    copies, tied, p = int(change.get("copies", 1)), bool(change.get("tied")), change.get("common", 0.0)
    target = np.asarray(unit_columns(KEY, d), np.float64)
    sigma = np.full(d, (1 - p) / d) + p * np.eye(d)[0]
    w, s, here, step = np.zeros((d, d)), np.zeros(size), np.arange(size) >= size - copies, 0
    while True:
        a = np.exp(s - s.max())
        a /= a.sum()
        on, off = a[here].sum(), (a[~here] ** 2).sum()
        if 0.5 * ((w**2).sum() * (off + on**2) - 2 * on * (w * target).sum() + d) / d < 0.45:
            break
        along = (on * w - target) * sigma
        by_a = np.where(here, (along * w).sum(), a * (w**2).sum() / d)
        by_s = a * (by_a - a @ by_a)
        by_s[here] *= copies if tied else 1
        w, s, step = w - lr * (on * along + off * w / d), s - lr * by_s, step + 1
    knobs = PHENOMENON.knobs._replace(length=float(size), lr=lr, **change)
    static = PHENOMENON.static._replace(positions=size, width=d)
    params = {"w": jnp.zeros((d, d)), "s": jnp.zeros(size)}
    state = type("S", (), {"params": params})
    law = PHENOMENON.observe(state, jnp.asarray(target), knobs, static)["time_left"]
    assert step == pytest.approx(float(law), rel=0.06)
