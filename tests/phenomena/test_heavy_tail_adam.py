"""heavy_tail_adam: the setup against arithmetic in double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from begun import begun

from bestiary.phenomena import heavy_tail_adam


def test_every_class_goes_through_one_course_at_its_own_pace():
    """After a step of size s class k is where the commonest is after a step of s p_k / p_1."""
    p = heavy_tail_adam.PHENOMENON
    static = p.static._replace(classes=4)
    table = jnp.zeros((4, 4))
    _, shares, knobs, _ = begun(p, static)
    slope = jax.grad(p.loss)(table, shares, knobs, static)
    pace = np.diagonal(np.asarray(slope)) / float(slope[0, 0])
    assert pace == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4], rel=1e-5)
    even = jax.grad(p.loss)(table, shares, knobs._replace(weighted=1.0), static)
    assert np.diagonal(np.asarray(even)) == pytest.approx(-0.75 / 4, rel=1e-5)
