"""incremental_rank: the setup against arithmetic in double precision."""

import jax
import numpy as np
import pytest
from begun import begun

from bestiary.phenomena import incremental_rank


def test_the_leading_pair_is_that_of_a_singular_value_decomposition():
    _, data, _, _ = begun(incremental_rank.PHENOMENON)
    seen = np.asarray(data["seen"] * data["m"], np.float64)
    u, s, vt = np.linalg.svd(seen)
    assert float(data["sigma"]) == pytest.approx(s[0], rel=1e-5)
    assert abs(np.asarray(data["u"]) @ u[:, 0]) == pytest.approx(1, abs=1e-4)
    assert abs(np.asarray(data["v"]) @ vt[0]) == pytest.approx(1, abs=1e-4)
    whole = np.linalg.svd(np.asarray(data["m"], np.float64), compute_uv=False)
    assert whole[:3] == pytest.approx([4, 2, 0], abs=1e-5)


def test_without_a_second_layer_what_is_unseen_stays_as_it_began():
    p = incremental_rank.PHENOMENON
    state, data, knobs, static = begun(p, p.static._replace(layers=1))
    slope = jax.grad(p.loss)(state.params, data, knobs, static)["w1"]
    assert (np.asarray(slope)[np.asarray(data["seen"]) == 0] == 0).all()
    assert (np.asarray(slope)[np.asarray(data["seen"]) == 1] != 0).all()
