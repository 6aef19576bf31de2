"""Of bestiary.certify.compositions: two recorded things in one log, and where each then is."""

import numpy as np
import pytest
import tiny

from bestiary.certify import compositions
from bestiary.log import Log, Series, Span
from bestiary.train import campaign, runs


def same(a, b):
    return all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b, strict=True))


def spiky(n=200, every=1.0, peak=30.0):
    """A decaying loss with a triangle of ratios on it from record 100 to 110."""
    y = np.exp(-np.arange(n) / 100)
    ratio = np.interp(np.arange(n), [100, 105, 110], [1, peak, 1])
    return Log.of(every * np.arange(n), loss=y * ratio), ratio


def test_a_spliced_spike_has_the_donors_ratio():
    donor, ratio = spiky()
    host = Log.of(np.arange(300.0), loss=np.full(300, 0.5), test_acc=np.zeros(300))
    log, span = compositions.splice_spike(host, donor, start=100, stop=110, at=250)
    assert span == Span(250, 260, "spike") and same(log["test_acc"], host["test_acc"])
    got = log["loss"].values / 0.5
    outside = np.r_[0:250, 261:300]
    np.testing.assert_array_equal(got[outside], 1)
    np.testing.assert_allclose(got[250:261], ratio[100:111], rtol=0.1)  # but for the fall within a baseline of 16
    assert got[255] == got.max() and host["loss"].values[255] == 0.5


def test_a_baseline_that_falls_does_not_tilt_the_spike():
    donor, ratio = spiky()
    flat = Log.of(np.arange(200.0), loss=ratio)
    host = Log.of(np.arange(300.0), loss=np.ones(300))
    a, b = (compositions.splice_spike(host, d, start=100, stop=110, at=250)[0]["loss"].values for d in (donor, flat))
    np.testing.assert_allclose(b[250:261], ratio[100:111], rtol=1e-12)
    tilt = a[250:261] / b[250:261]
    assert tilt[0] * tilt[-1] == pytest.approx(1, abs=0.01)


def test_a_spike_is_stretched_and_resampled_between_given_steps():
    donor, ratio = spiky(every=2.0)
    host = Log.of(5.0 * np.arange(100), loss=np.ones(100))
    log, span = compositions.splice_spike(host, donor, start=200, stop=220, at=300, until=400)
    assert (span.start, span.stop) == (300, 400)
    peak = int(np.argmax(log["loss"].values))
    assert log["loss"].steps[peak] == 350 and log["loss"].values[peak] == pytest.approx(30, rel=0.1)
    want = np.exp(np.interp(35 / 10, np.arange(11), np.log(ratio[100:111])))
    assert log["loss"].values[67] == pytest.approx(want, rel=0.1)


def test_a_splice_says_what_is_wrong():
    donor, _ = spiky()
    host = Log.of(np.arange(300.0), loss=np.ones(300))
    splice = compositions.splice_spike
    with pytest.raises(ValueError, match="host: needs channel loss"):
        splice(Log({}), donor, start=100, stop=110, at=0)
    with pytest.raises(ValueError, match="host: no record of loss from step 400 to 410"):
        splice(host, donor, start=100, stop=110, at=400)
    with pytest.raises(ValueError, match="donor: needs records inside and around steps 0 to 10"):
        splice(host, donor, start=0, stop=10, at=0)
    with pytest.raises(ValueError, match="above 0"):
        splice(host, Log.of(np.arange(9.0), loss=np.zeros(9)), start=3, stop=5, at=0)
    with pytest.raises(ValueError, match="from step 300 on"):
        compositions.splice_shift(host, donor, start=100, at=300)


def test_a_shift_lasts():
    donor = Log.of(np.arange(60.0), loss=np.r_[np.full(30, 4.0), 2.0, np.full(29, 1.0)])
    host = Log.of(np.arange(300.0), loss=np.r_[np.full(50, 8.0), np.nan, np.full(249, 8.0)])
    log, span = compositions.splice_shift(host, donor, start=30, at=200)
    assert span == Span(200, 200, "shift")
    np.testing.assert_allclose(log["loss"].values, np.r_[[8] * 50, np.nan, [8] * 149, 4, [2] * 99], rtol=1e-12)


def test_a_learning_rate_drop_only_slows_down():
    log = Log({"loss": (np.arange(5.0), np.arange(5.0)), "test_acc": ([0, 4], [0, 1])})
    new, clock = compositions.learning_rate_drop(log, at=2, factor=10)
    assert list(new["loss"].steps) == [0, 1, 2, 12, 22] and list(new["test_acc"].steps) == [0, 22]
    assert clock(3.0) == 12 and same([new["loss"].values], [log["loss"].values])


def test_a_learning_rate_drop_is_what_gradient_descent_does():
    """Descent on a parabola: two rates joined at step 20 by the composition and by hand."""
    p = tiny.BOWL
    ds = campaign.simulate(p, [p.knobs._replace(lr=0.02)], seeds=1, static=p.static._replace(steps=40, log_every=1))
    log = next(runs.logs(ds))
    new, _ = compositions.learning_rate_drop(Log({"w": log["w"]}), at=20, factor=4)
    by_hand = log["w"].values[20] * (1 - 0.005 * p.knobs.curvature) ** (new["w"].steps[20:] - 20)
    np.testing.assert_allclose(new["w"].values[20:], by_hand, rtol=0.03)


def test_a_mixture_adds_two_runs_and_delays_the_second():
    a = Log.of(np.arange(11.0), loss=np.arange(11.0), test_acc=np.ones(11))
    b = Log.of(2.0 * np.arange(4), loss=[10.0, 20, 30, 40], train_acc=np.ones(4))
    log, clock = compositions.mixture(a, b, delay=3, share=0.25)
    assert list(log.channels) == ["loss"] and clock(2.0) == 5
    t = np.arange(10.0)  # the second ends at 6 + 3
    np.testing.assert_allclose(log["loss"].steps, t)
    np.testing.assert_allclose(log["loss"].values, 0.25 * t + 0.75 * np.maximum(10, 10 + 5 * (t - 3)))
    with pytest.raises(ValueError, match="no channel"):
        compositions.mixture(a, Log({"w": Series(np.arange(2.0), np.ones(2))}))
