"""linear_scaling_law: the setup against arithmetic in double precision."""

import pytest

from bestiary.phenomena import linear_scaling_law
from bestiary.train.campaign import simulate


def test_the_recursion_is_the_mean_over_runs():
    p = linear_scaling_law.PHENOMENON
    static = p.static._replace(features=32, batch=2, steps=40)
    runs = simulate(p, [p.knobs._replace(weights=5.0, lr=0.8)], seeds=400, static=static)
    last = {name: runs[name].values[..., -1].ravel() for name in ("loss", "loss_in_theory")}
    error = 4 * float(last["loss"].std()) / 400**0.5
    assert last["loss"].mean() == pytest.approx(float(last["loss_in_theory"][0]), abs=error)
    assert error < 0.1 * last["loss"].mean()
