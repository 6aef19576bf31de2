"""Initial values: one draw, cut to size."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from traced import draws

from bestiary.initial import normals, normals_like

SHAPES = {"w1": (3, 5), "w2": (5, 7, 2), "b": (4,), "s": (), "none": (0, 3)}
KEY = jax.random.key(0)


def test_shapes_and_order():
    got = normals(KEY, **SHAPES)
    assert {name: a.shape for name, a in got.items()} == SHAPES
    assert list(got) == list(SHAPES)


def test_one_draw_whatever_the_number_of_leaves():
    assert draws(lambda key: normals(key, **SHAPES), KEY) == 1
    assert draws(lambda key: [jax.random.normal(key, s) for s in SHAPES.values() if s != (0, 3)], KEY) == 4


def test_no_number_is_used_twice():
    got = np.concatenate([np.ravel(a) for a in normals(KEY, **SHAPES).values()])
    assert len(np.unique(got)) == got.size == 15 + 70 + 4 + 1


@pytest.mark.parametrize("seed", range(3))
def test_moments_are_those_of_a_standard_normal(seed):
    n = 200_000
    parts = normals(jax.random.key(seed), a=(n // 2,), b=(n // 4, 2))
    x = np.concatenate([np.ravel(a) for a in parts.values()]).astype(float)
    # The estimates' standard errors are sqrt(1, 2, 6, 96)/sqrt(n); five of them are passed once in 2 million.
    for power, (mean, variance) in {1: (0, 1), 2: (1, 2), 3: (0, 15), 4: (3, 96)}.items():
        assert abs((x**power).mean() - mean) < 5 * np.sqrt(variance / n), power
    a, b = (np.ravel(p).astype(float) for p in parts.values())
    assert abs((a * b).mean()) < 5 * np.sqrt(1 / len(a))  # the parts are independent


def test_the_key_decides():
    one, again, other = (normals(key, w=(9,))["w"] for key in (KEY, KEY, jax.random.key(1)))
    assert jnp.array_equal(one, again) and not jnp.array_equal(one, other)


def test_a_tree_is_filled_from_one_draw_in_the_order_of_its_leaves():
    like = {"b": jax.ShapeDtypeStruct((4,), float), "a": [jnp.zeros((2, 3)), jnp.zeros(())], "none": ()}
    got = normals_like(KEY, like)
    assert jax.tree.structure(got) == jax.tree.structure(like)
    flat = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(got)])
    np.testing.assert_array_equal(flat, normals(KEY, x=(11,))["x"])
    assert [leaf.shape for leaf in jax.tree.leaves(got)] == [(2, 3), (), (4,)]
    assert draws(lambda key: normals_like(key, like), KEY) == 1
