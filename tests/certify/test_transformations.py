"""Of bestiary.certify.transformations: what each does to a log, exactly, and where the truth then is."""

import numpy as np
import pytest

from bestiary.certify import transformations
from bestiary.log import Log

LEVELS = [
    *((f"multiplicative_noise_{p}", p / 100) for p in (1, 5, 10)),
    *((f"additive_noise_{p}", p / 100) for p in (1, 5)),
]
NAMES = [
    *(name for name, _ in LEVELS),
    *("every_2", "every_5", "every_10", "log_spaced", "moving_average", "running_mean", "three_digits"),
    *("gap", "blanks", "bits", "epochs", "tokens"),
]
N = 400


def change(name, log, seed=0, **options):
    return transformations.TRANSFORMATIONS[name](log, np.random.default_rng(seed), **options)


def mixed_log():
    """Three kinds of channel, two axes, a value that is not finite, a channel that is a time."""
    t = 5.0 * np.arange(N)
    loss = np.exp(-t / 500)
    loss[200] = np.nan
    return Log(
        {
            "train_loss": (t, loss),
            "test_acc": (t, np.clip(t / 1000, 0, 1)),
            "edge_ratio": (t, np.sin(t / 100)),
            "sharpness": (t[::4], 1 + t[::4] / 100),
            "due": (t, np.full(N, 700.0)),
        }
    )


def same(a, b):
    return all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b, strict=True))


def test_every_transformation_is_listed_under_its_name():
    table = transformations.TRANSFORMATIONS
    assert list(table) == NAMES and all(name == t.name for name, t in table.items())


@pytest.mark.parametrize("name", NAMES)
def test_is_pure_repeatable_and_touches_what_it_says(name):
    log, before = mixed_log(), mixed_log()
    (new, clock), (again, _) = change(name, log), change(name, log)
    transformation = transformations.TRANSFORMATIONS[name]
    for channel, curve in log.channels.items():
        assert same(curve, before[channel]) and same(new[channel], again[channel])
        kept = np.isin(clock(curve.steps), new[channel].steps)
        assert kept.sum() == new[channel].steps.size  # no step that was not there
        old, values = curve.values[kept], new[channel].values
        np.testing.assert_array_equal(np.isfinite(old), np.isfinite(values))
        if transformations.kind(channel) not in transformation.touches:
            np.testing.assert_array_equal(old, values)
    assert list(new.channels) == list(log.channels)
    moved = [c for c in log.channels if not np.array_equal(new[c].values, log[c].values, equal_nan=True)]
    assert bool(moved) == (transformation.change is not None or transformation.keep is not None)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_and_a_single_record_pass(name):
    for n in (0, 1):
        new, _ = change(name, Log.of(np.arange(n), loss=np.ones(n), test_acc=np.ones(n)))
        assert new["loss"].steps.size == n


def test_kinds_come_from_names():
    kind = transformations.kind
    assert [kind(n) for n in ("loss", "test_loss", "train_acc", "accuracy", "loss_ratio", "w")] == [
        *("loss", "loss", "accuracy", "accuracy", "other", "other")
    ]


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_noise_has_its_level_and_respects_bounds(name, level):
    t = np.arange(20_000.0)
    rise = np.minimum(t / 10_000, 1.0)
    new, clock = change(name, Log.of(t, loss=2 - rise, test_acc=rise, w=rise - 0.5))
    # channels draw in the order of their names
    g = np.random.default_rng(0).standard_normal((3, t.size))
    if name.startswith("mult"):
        want = (2 - rise) * np.exp(level * g[0]), rise * np.exp(level * g[1]), (rise - 0.5) * np.exp(level * g[2])
        assert np.std(np.log(new["loss"].values / (2 - rise))) == pytest.approx(level, rel=0.02)
    else:
        width = level * (1 - np.quantile(rise, 0.05))
        want = 2 - rise + width * g[0], rise + width * g[1], rise - 0.5 + width * g[2]
        assert np.std(new["w"].values - rise + 0.5) == pytest.approx(width, rel=0.02)
    np.testing.assert_allclose(new["loss"].values, want[0], rtol=1e-12)
    np.testing.assert_allclose(new["test_acc"].values, np.clip(want[1], 0, 1), rtol=1e-12)
    np.testing.assert_allclose(new["w"].values, want[2], rtol=1e-12)
    assert (want[1] > 1).any()  # the bound is put to the test
    assert clock(123.0) == 123
    turned, _ = change(name, Log.of(t, w=rise - 0.5, test_acc=rise, loss=2 - rise))
    np.testing.assert_array_equal(turned["w"].values, new["w"].values)


def test_additive_noise_leaves_a_loss_positive():
    t = np.arange(1000.0)
    new, _ = change("additive_noise_5", Log.of(t, loss=np.exp(-t / 50)))
    assert new["loss"].values.min() > 0 and (np.diff(new["loss"].values[-100:]) > 0).any()


@pytest.mark.parametrize("stride", [2, 5, 10])
def test_subsampling_keeps_the_first_of_each(stride):
    new, _ = change(f"every_{stride}", mixed_log())
    assert same(new["test_acc"], [x[::stride] for x in mixed_log()["test_acc"]])
    assert same(new["sharpness"], [x[::stride] for x in mixed_log()["sharpness"]])


def test_log_spaced_records_are_the_first_of_each_part_of_a_decade():
    t = np.arange(1, 100_001.0)
    new, _ = change("log_spaced", Log.of(t, loss=t))
    steps = new["loss"].steps
    assert steps[0] == 1 and np.array_equal(np.floor(100 * np.log10(steps[-300:])), np.arange(201, 501))
    assert list(change("log_spaced", Log.of([0.0, 10, 20, 30], loss=np.ones(4)))[0]["loss"].steps) == [0, 10, 20, 30]
    assert list(change("log_spaced", Log.of([0.0, 1, 1.01, 2], loss=np.ones(4)))[0]["loss"].steps) == [0, 1, 2]
    fine = np.linspace(10.0, 10.1, 50)  # all in one part
    assert list(change("log_spaced", Log.of(fine, loss=fine))[0]["loss"].steps) == [10.0]


def test_smoothing_is_its_recurrence():
    y = np.random.default_rng(1).normal(size=50)
    new, _ = change("moving_average", Log.of(np.arange(50), w=y))
    s, want = y[0], []
    for value in y:
        s = 0.9 * s + 0.1 * value
        want.append(s)
    np.testing.assert_allclose(new["w"].values, want, rtol=1e-12)
    new, _ = change("running_mean", Log.of(np.arange(50), w=y))
    np.testing.assert_allclose(new["w"].values, [y[max(i - 9, 0) : i + 1].mean() for i in range(50)], atol=1e-14)


def test_smoothing_steps_over_what_is_not_finite():
    y = np.r_[1.0, np.nan, 2.0]
    np.testing.assert_allclose(change("moving_average", Log.of(np.arange(3), w=y))[0]["w"].values, [1, np.nan, 1.1])
    np.testing.assert_allclose(change("running_mean", Log.of(np.arange(3), w=y))[0]["w"].values, [1, np.nan, 1.5])


def test_three_digits_are_those_printed():
    new, _ = change("three_digits", Log.of(np.arange(5), w=[1.23456, -0.000987654, 0.0, 99999.0, 1e-300]))
    assert list(new["w"].values) == [1.23, -0.000988, 0.0, 1e5, 1e-300]


def test_a_gap_is_one_stretch_of_a_tenth():
    starts = set()
    for seed in range(20):
        t = change("gap", mixed_log(), seed)[0]["test_acc"].steps
        holes = np.diff(t)
        assert t.size == N - 40 and t[0] == 0 and t[-1] == 5 * (N - 1)
        assert sorted(holes)[-2:] == [5, 5 * 41]
        starts.add(int(np.argmax(holes)))
    assert len(starts) > 10


def test_what_is_lost_spares_the_ends_and_nothing_else():
    t = np.arange(10.0)
    for name, share in (("gap", 1), ("blanks", 2)):
        kept = [change(name, Log.of(t, loss=t), seed)[0]["loss"].steps for seed in range(60)]
        assert all(k.size == 10 - share and k[0] == 0 and k[-1] == 9 for k in kept)
        assert {step for k in kept for step in set(t) - set(k)} == set(t[1:-1])


def test_blanks_are_a_fifth_and_the_same_in_all_channels_on_an_axis():
    new, _ = change("blanks", mixed_log())
    t = new["test_acc"].steps
    assert t.size == N - 80 and t[0] == 0 and t[-1] == 5 * (N - 1) and 5 < np.diff(t).max() < 50
    np.testing.assert_array_equal(t, new["train_loss"].steps)
    assert new["sharpness"].steps.size == 80  # its own fifth of 100


def test_bits():
    new, _ = change("bits", Log.of([0.0, 1.0], test_loss=[np.log(2), np.log(8)], test_acc=[0.5, 1.0]))
    np.testing.assert_allclose(new["test_loss"].values, [1, 3])
    assert list(new["test_acc"].values) == [0.5, 1.0]


def test_other_units_of_time_map_steps_and_channels_that_are_times():
    for name, factor in (("epochs", 1 / 37), ("tokens", 2**19)):
        new, clock = change(name, mixed_log(), times=["due"])
        np.testing.assert_array_equal(new["test_acc"].steps, mixed_log()["test_acc"].steps * factor)
        np.testing.assert_array_equal(new["due"].values, np.full(N, 700 * factor))
        assert clock(700.0) == 700 * factor and np.isnan(clock(np.nan))


def test_a_clock_that_changes_its_pace():
    clock = transformations.Clock(3.0, since=10.0, offset=1.0)
    assert list(clock(np.array([0.0, 10.0, 12.0]))) == [1, 11, 17]
