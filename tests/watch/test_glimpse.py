"""A long curve in a few thousand records: bounded, of the curve's own records, with short events whole."""

import numpy as np
import pytest

from bestiary.log import Log, State
from bestiary.watch.detect import detectors
from bestiary.watch.glimpse import LAST, RECORDS, SHARE, glimpse


def noisy(n, seed=0):
    rng = np.random.default_rng(seed)
    return np.arange(float(n)), np.exp(-np.arange(n) / n) * (1 + 0.05 * rng.normal(size=n))


@pytest.mark.parametrize("n", [RECORDS + 1, 10_000, 131_072, 1_000_000])
@pytest.mark.parametrize("kind", ["noise", "blips", "nan", "huge", "random"])
def test_it_is_bounded_and_of_the_curves_own_records(n, kind):
    t, y = noisy(n)
    if kind == "blips":
        y[::50] *= 100
    elif kind == "nan":
        y[n // 3 :] = np.nan
        y[7] = np.nan
    elif kind == "huge":
        y = np.where(np.arange(n) % 900 == 0, -1e308, 1e308)
    elif kind == "random":
        y = np.random.default_rng(1).standard_cauchy(n)
    steps, values = glimpse(t, y)
    every = int(steps[1]) if kind == "noise" else 1
    assert RECORDS / 2 < steps.size <= RECORDS * (1 + 1 / SHARE) + max(LAST, n // RECORDS * 2)
    assert (np.diff(steps) > 0).all() and steps[0] == 0 and every >= 1
    np.testing.assert_array_equal(values, y[steps.astype(int)])
    np.testing.assert_array_equal(steps[-LAST:], t[-LAST:])


def test_a_short_curve_is_itself():
    t, y = noisy(RECORDS)
    steps, values = glimpse(t, y)
    assert steps is t and values is y


def test_an_event_of_few_records_is_whole():
    t, y = noisy(120_000)
    for start in (40_003, 70_011, 100_030):
        y[start : start + 4] *= 5
    steps, _ = glimpse(t, y)
    assert {*range(40_003, 40_007), *range(70_011, 70_015), *range(100_030, 100_034)} <= {*steps.astype(int)}
    spikes, _ = detectors()["spikes"]
    whole, seen = (spikes(Log.of(a, loss=b)) for a, b in ((t, y), glimpse(t, y)))
    assert whole.state is seen.state is State.FOUND and whole.effects["count"] == seen.effects["count"]
    assert seen.onset == 40_003 == whole.onset
    assert spikes(Log.of(t[::64], loss=y[::64])).state is State.ABSENT  # without what stands out, none is seen


@pytest.mark.parametrize("first", [50_000, 50_007, 119_990])
def test_where_a_curve_stops_being_finite_is_exact(first):
    t, y = noisy(120_000)
    y[first:] = np.nan
    assert Log.of(*glimpse(t, y)[:1], loss=glimpse(t, y)[1])["loss"].diverged_at == first
