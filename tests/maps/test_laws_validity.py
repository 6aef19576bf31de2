"""Over which stretch of a knob a law describes the medians, on runs about laws that change their slope."""

import numpy as np
import pytest

from bestiary.maps.laws import fit, valid_range


def runs(f, x, noise):
    """Lognormal scatter about a law."""
    return f(x)[:, None] * np.exp(noise * np.random.default_rng(0).normal(size=(x.size, 8)))


def whole(y):
    return np.zeros(y.shape, bool)


def test_the_range_of_validity_is_the_longest_stretch_that_the_law_itself_describes():
    x = np.geomspace(1, 128, 8)
    y = runs(lambda x: np.where(x < 100, x**-1.0, 0.012), x=x, noise=0.01)  # of another law, 1 to 64
    law = fit(x, y, whole(y), "power")
    off = np.abs(np.median(y, axis=1) / law.predict(x) - 1)
    assert law.deviation == pytest.approx(off.max())
    assert (off <= 0.09).tolist() == [True] * 5 + [False] * 3
    assert valid_range(law, x, y, whole(y), 0.09) == (1, pytest.approx(16))
    assert valid_range(law, x[::-1], y[::-1], whole(y), 0.09) == (1, pytest.approx(16))
    assert valid_range(law, x, y, whole(y), tolerance=1.001 * law.deviation) == (1, pytest.approx(128))
    assert valid_range(law, x, y, whole(y), tolerance=1e-6) is None


def test_a_stretch_that_another_law_describes_is_none_of_this_one():
    x = np.geomspace(1, 128, 8)
    y = np.where(x < 30, 1 / x, 0.06)[:, None] * np.ones(4)  # exactly 1 / x on five settings
    law = fit(x, y, whole(y), "power")
    assert law.deviation > 0.7
    assert valid_range(law, x, y, whole(y)) is None
    few = x < 30
    assert valid_range(fit(x[few], y[few], whole(y[few]), "power"), x, y, whole(y)) == (1, pytest.approx(16))


def test_a_setting_without_a_median_ends_the_range():
    x = np.geomspace(1, 128, 8)
    y = runs(lambda x: x**-1.0, x=x, noise=0.01)
    law, cut = fit(x, y, whole(y), "power"), whole(y)
    cut[2] = True
    assert valid_range(law, x, y, cut) == (pytest.approx(8), pytest.approx(128))
    y[4] = np.nan
    assert valid_range(law, x, y, cut) == (pytest.approx(32), pytest.approx(128))


def test_a_setting_at_which_the_law_has_no_value_and_nothing_is_ends_the_range():
    x = np.arange(6.0)
    y = runs(lambda x: np.maximum(x, 1) ** -1.0, x=x, noise=0.01)
    y[0] = np.nan
    assert valid_range(fit(x, y, whole(y), "power"), x, y, whole(y)) == (1, 5)
