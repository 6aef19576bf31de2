"""Pitfalls of spikes: what it must find, must not, and must leave undecided."""

import math
import time

import numpy as np
import pytest
from curves import T, bursts, null

from bestiary.detectors.spikes import spikes
from bestiary.log import Log, State


def test_spikes_are_measured():
    f = spikes(bursts(T, [300, 500, 700, 900], height=20, width=10, fall=0))
    assert f.effects["count"].value == 4
    assert f.onset == f.effects["first"].value == 300
    assert f.effects["period"].value == 200
    assert f.effects["height"].value == pytest.approx(20, rel=0.01)
    # Back below half the logarithm of the least ratio: 1 + 19 exp(-w / 10) = 1.1^(1/2).
    assert f.effects["width"].value == pytest.approx(10 * math.log(19 / 0.0488), abs=1)
    assert [span.start for span in f.spans] == [300, 500, 700, 900]


@pytest.mark.parametrize("seed", range(3))
def test_spikes_in_noise(seed):
    f = spikes(bursts(T, [300, 500, 700, 900], height=20, noise=0.1, seed=seed))
    assert f.found and f.effects["count"].value == 4 and f.onset == 300


@pytest.mark.parametrize("every", [1, 5, 10])
def test_spikes_on_a_falling_loss_in_every_record_and_in_few(every):
    """Ten spikes of 40 steps while the loss falls a hundred thousandfold; every tenth record leaves four of each."""
    t = np.arange(0.0, 6000.0)
    log = bursts(t, range(1050, 6000, 500), height=20, width=13, fall=11)
    f = spikes(Log.of(t[::every], loss=log["loss"].values[::every]))
    assert f.found and f.effects["count"].value == 10 and f.onset == 1050


def test_what_is_no_spike():
    base = np.exp(-T / 1000)
    outliers = base * (1 + 30 * np.isin(T, (300, 500, 700, 900)))
    narrow = spikes(Log.of(T, loss=outliers))
    assert narrow.effects["count"].value == 0 and narrow.reason.endswith("; 4 more, of one record each, do not count")
    low = spikes(bursts(T, [300, 500, 700, 900], height=1.6))
    assert low.state is State.ABSENT and low.effects["count"].value == 0
    two = spikes(bursts(T, [300, 500]))
    assert two.state is State.ABSENT and two.effects["count"].value == 2
    early = spikes(bursts(T, [12, 20, 28], width=1, fall=0))
    assert early.effects["count"].value == 0
    assert spikes(null("level_shift")).effects["count"].value == 0


def test_spikes_do_not_hide_the_next_ones():
    f = spikes(bursts(T, range(200, 950, 75), height=20, width=5))
    assert f.effects["count"].value == 10


def test_the_run_may_end_within_the_spike_that_decides():
    t = T[:705]
    f = spikes(bursts(t, [300, 500, 700]))
    assert f.state is State.UNDECIDED and f.effects["count"].value == 2 and "ends within one" in f.reason
    assert spikes(bursts(t, [300, 700])).state is State.ABSENT
    short = spikes(Log.of(T[:40], loss=np.ones(40)))
    assert short.state is State.UNDECIDED and short.reason.endswith("64 records are needed to tell")


def test_growth_without_bound_is_divergence():
    loss = np.exp(np.maximum(0, T - 950))
    assert spikes(Log.of(T, loss=loss)).state is State.DIVERGED
    assert spikes(Log.of(T, loss=np.where(T < 999, 1.0, 1e6))).state is State.ABSENT  # one bad batch


def test_a_loss_with_negative_values_has_no_ratio():
    assert spikes(Log.of(T, loss=np.cos(T / 50))).state is State.NOT_APPLICABLE


def test_a_loss_that_starts_at_zero_has_no_ratio():
    assert spikes(Log.of(T, loss=np.where(T < 20, 0.0, 1.0))).state is State.NOT_APPLICABLE


def test_a_loss_far_below_its_start_does_not_spike():
    """A millionth of the initial loss is as good as zero: bursts below it are rounding."""
    burst = bursts(T, [300, 500, 700, 900], height=100, fall=0)["loss"].values
    assert spikes(Log.of(T, loss=np.exp(-T / 5) + 1e-4 * burst)).effects["count"].value == 4
    assert spikes(Log.of(T, loss=np.exp(-T / 5) + 1e-9 * burst)).effects["count"].value == 0
    assert spikes(Log.of(T, loss=np.where(T < 100, 1.0, 0.0))).effects["count"].value == 0


def test_spikes_are_seen_after_a_shift_of_level():
    loss = bursts(T, [400, 600, 800], fall=0)["loss"].values
    f = spikes(Log.of(T, loss=np.where(T < 100, 0.2, 1.0) * loss), window=32)
    assert f.found and f.onset == 400


def test_share_of_spikes_that_were_announced():
    log = bursts(T, [300, 500, 700, 900])
    assert spikes(log, cause="edge_ratio").effects["preceded"].value == 1
    t, ratio = log["edge_ratio"]
    calm = Log({"loss": log["loss"], "edge_ratio": (t, np.where(t < 600, ratio, 0.9))})
    assert spikes(calm, cause="edge_ratio").effects["preceded"].value == 0.5
    rare = Log({"loss": log["loss"], "edge_ratio": (t[::20], ratio[::20])})
    assert spikes(rare, cause="edge_ratio").effects["preceded"].value == 1
    after = Log({"loss": log["loss"], "edge_ratio": (t, np.where((t - 300) % 200 < 80, 1.1, 0.9))})
    assert spikes(after, cause="edge_ratio", lookback=0.4).effects["preceded"].value == 1, "the peak itself counts"
    past = Log({"loss": log["loss"], "edge_ratio": (t, np.where((t - 310) % 200 < 50, 1.1, 0.9))})
    assert spikes(past, cause="edge_ratio").effects["preceded"].value == 0
    assert spikes(log, cause="sharpness").state is State.NOT_APPLICABLE


def two_parameter_adam(beta2=0.999, lr=0.1, steps=5000, seed=0, adaptive=True):
    """Loss at each step of f(x) = a (silu(w x) + silu(-w x)) fitted to x^2 on [-1, 1] from (0, 1) by Adam, or by GD."""
    x = np.linspace(-1, 1, 64)
    p = np.array([0.0, 1.0]) + 0.01 * np.random.default_rng(seed).normal(size=2)
    m, v, losses = np.zeros(2), np.zeros(2), np.empty(steps)
    for i in range(steps):
        a, w = p
        s = np.tanh(w * x / 2)
        static = w * x * s  # silu(z) + silu(-z) = z tanh(z / 2)
        error = a * static - x**2
        losses[i] = np.mean(error**2) / 2
        g = np.array([np.mean(error * static), np.mean(error * a * x * (s + w * x / 2 * (1 - s**2)))])
        m, v = 0.9 * m + 0.1 * g, beta2 * v + (1 - beta2) * g**2
        adam = m / (1 - 0.9 ** (i + 1)) / (np.sqrt(v / (1 - beta2 ** (i + 1))) + 1e-8)
        p = p - lr * (adam if adaptive else g)
    return losses


@pytest.mark.parametrize("every", [1, 5])
def test_two_parameter_adam_spikes(every):
    loss = two_parameter_adam()[::every]
    f = spikes(Log.of(every * np.arange(loss.size), loss=loss))
    assert f.found and 2500 < f.onset < 3300, f.reason
    assert f.effects["height"].value > 5


def test_two_parameter_controls_do_not_spike():
    for loss in (two_parameter_adam(beta2=0.9999), two_parameter_adam(adaptive=False)):
        f = spikes(Log.of(np.arange(loss.size), loss=loss))
        assert f.state is State.ABSENT and f.effects["count"].value == 0


def test_ten_thousand_records_take_less_than_half_a_second():
    t = np.arange(10_000.0)
    log = Log.of(t, loss=np.exp(0.1 * np.random.default_rng(0).normal(size=t.size)))
    begin = time.process_time()
    spikes(log)
    assert time.process_time() - begin < 0.5


def test_a_loss_at_the_resolution_of_float32_has_no_spikes():
    """Squares of a slow Gaussian, around 1e-11: ratios of ten are common there and mean nothing."""
    rng = np.random.default_rng(0)
    walk = np.convolve(rng.normal(size=3000), np.ones(5) / 5, "valid")
    loss = 1e-5 * 0.8 ** np.arange(walk.size) + 1e-11 * walk**2
    log = Log.of(np.arange(walk.size), loss=loss)
    assert not spikes(log).found
    assert spikes(log, floor=0.0, at_least=1).effects["count"].value > 0
