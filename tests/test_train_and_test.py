import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.observables import train_and_test


def test_train_and_test_are_the_two_parts_of_the_examples():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(5, 6, 4)), rng.integers(4, size=(5, 6))
    errors, train = rng.random((5, 6)), rng.random((5, 6)) < 0.3
    seen = train_and_test(*map(jnp.asarray, (scores, errors, labels, train.astype(np.float32))))
    hit = scores.argmax(-1) == labels
    naive = {
        "train_acc": hit[train].mean(),
        "test_acc": hit[~train].mean(),
        "train_loss": errors[train].mean(),
        "test_loss": errors[~train].mean(),
    }
    assert seen.keys() == naive.keys()
    for name, value in naive.items():
        assert float(seen[name]) == pytest.approx(value, rel=1e-5), name


def test_a_part_without_examples_is_zero_not_nan():
    ones = jnp.ones((3,))
    seen = train_and_test(jnp.eye(3), ones, jnp.arange(3), ones)
    assert {k: float(v) for k, v in seen.items()} == {
        "train_acc": 1.0,
        "test_acc": 0.0,
        "train_loss": 1.0,
        "test_loss": 0.0,
    }
