import jax
import jax.numpy as jnp
import numpy as np
import pytest

datasets = pytest.importorskip("sklearn.datasets", reason="the extra `digits`")

from bestiary.phenomena import grokking_digits as digits  # noqa: E402

P = digits.PHENOMENON


def made(seed=0, static=P.static, **knobs):
    return digits.data(jax.random.key(seed), P.knobs._replace(**knobs), static)


def test_pictures_are_those_of_scikit_learn():
    """But for the mean, the length and the brightest of 17 grey levels, which counts as the one below."""
    image, digit = datasets.load_digits(return_X_y=True)
    kept = np.stack([image[digit == d][: digits.EACH] for d in range(10)]).clip(max=15)
    kept = kept - kept.mean((0, 1))
    wanted = kept / np.linalg.norm(kept, axis=-1, keepdims=True)
    np.testing.assert_allclose(digits.pictures(), wanted, atol=1e-5)


def test_no_test_picture_and_no_test_pair_is_trained_on():
    seen = made(second=1.0)
    each, train = np.asarray(seen["inputs"]).reshape(-1, 2, 74).round(5), np.asarray(seen["train"]) > 0
    parts = [{tuple(x) for pair in each[part] for x in pair} for part in (train, ~train)]
    assert not parts[0] & parts[1]
    pairs = np.tile(np.arange(100), P.static.copies)
    assert not set(pairs[train]) & set(pairs[~train])
    assert len(set(pairs[train])) == 40


def test_modular_addition_of_one_hot_digits_lies_at_the_other_end():
    seen = made(static=P.static._replace(rule="sum"), picture=0.0, second=1.0)
    a, b = jnp.moveaxis(seen["inputs"].reshape(-1, 2, 74), 1, 0)
    assert float(jnp.abs(a[:, 10:]).max()) == 0.0
    np.testing.assert_array_equal((a.argmax(-1) + b.argmax(-1)) % 10, seen["labels"])


def test_an_unspread_digit_looks_the_same_wherever_it_appears():
    seen = made(spread=0.0, second=1.0)
    first = np.asarray(seen["inputs"])[:, :74].round(5)
    labels = np.asarray(seen["labels"])
    assert [len(np.unique(first[labels == d], axis=0)) for d in range(10)] == [1] * 10
    assert len(np.unique(np.asarray(made()["inputs"])[:, :74].round(5), axis=0)) > 100
