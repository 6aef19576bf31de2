"""What holds of every detector found in the folder, whatever the log: units, ends, order, and no input that raises."""

import math

import numpy as np
import pytest
from curves import AXES, EVENTS, NULLS, at_chance, null
from every_detector import DETECTORS, about, detector, needed
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bestiary.log import Finding, Log, State
from bestiary.watch import detect

# Without shrinking: a failure is told at once, as found.
few = settings(
    deadline=None,
    max_examples=8,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
many = settings(few, max_examples=150)


def above_a_bound(t, at=300, top=1.5):
    """A count that passes 1.1 times its bound of 20 at a record."""
    return Log.of(t, value=20 * np.where(t < t[at], 0.5, top), bound=np.full(t.size, 20.0)), float(t[at])


PLANTED = {
    **EVENTS,
    "exceeds_bound": {"half": above_a_bound, "tenth": lambda t: above_a_bound(t, 500, 1.2)},
    "stuck_at_chance": {"ten": at_chance, "two": lambda t: at_chance(t, 2)},
}
EVENT = [(name, event) for name in DETECTORS for event in PLANTED[name]]

# Of these a constant end changes the finding, and why it should.
NOT_PROLONGED = {
    "cycling": "what comes to rest does not cycle for good",
    "epoch_stairs": "an epoch that is longer than all others is none",
    "power_tail": "what comes to rest is no power of the step",
    "log_growth": "what comes to rest grows no more",
    "runs_away": "what comes to rest has a lower bound",
}


def asked(name, log) -> Finding:
    """As `bestiary detect` asks."""
    with np.errstate(all="ignore"):
        return detector(name)(log)


def plain(finding):
    """All that a finding says, with nan equal to nan; one that lacks a channel also says which there are."""
    reason = finding.reason.partition("; the log has ")[0]
    return repr((finding.state, reason, finding.onset, finding.effects, finding.spans, finding.phase))


def prolonged(log, share):
    """Every curve goes on as it ended, for a share of its records."""
    made = {}
    for name, (t, y) in log.channels.items():
        n = max(1, round(share * t.size))
        made[name] = np.r_[t, t[-1] + (t[-1] - t[-2]) * np.arange(1, n + 1)], np.r_[y, np.full(n, y[-1])]
    return Log(made)


def test_every_detector_is_in_the_tables():
    assert set(DETECTORS) == set(PLANTED)
    assert set(NOT_PROLONGED) < set(DETECTORS)


# Powers of two, by which a float is scaled exactly: some of the events lie on a threshold.
factors = st.integers(-9, 9).map(lambda k: 2.0**k)


def rescaled(name, log, by, scales):
    """A log in other units, and {effect: factor}."""
    units = dict.fromkeys(needed(name), 1.0)
    known = {}
    for (channels, effects), scale in zip(about(name).scales, scales, strict=False):
        units |= dict.fromkeys(channels, scale)
        known |= dict.fromkeys(effects, scale)
    made = {channel: (t * by, y * units.get(channel, 1.0)) for channel, (t, y) in log.channels.items()}
    return Log(made), known


def compare(name, log, by, scales):
    """The finding is the same one, in other units."""
    other, known = rescaled(name, log, by, scales)
    before, after = asked(name, log), asked(name, other)
    assert (after.state, after.phase) == (before.state, before.phase), (before.reason, after.reason)
    np.testing.assert_allclose(after.onset, by * before.onset, rtol=1e-6)
    assert after.effects.keys() == before.effects.keys()
    for key, (value, unit) in before.effects.items():
        factor = by if unit == "step" else known.get(key, 1.0)
        np.testing.assert_allclose(after.effects[key].value, factor * value, rtol=1e-5, atol=1e-9, err_msg=key)
        assert after.effects[key].unit == unit
    assert [span.label for span in after.spans] == [span.label for span in before.spans]
    ends = [[(span.start, span.stop) for span in finding.spans] for finding in (before, after)]
    np.testing.assert_allclose(np.array(ends[1]).reshape(-1), by * np.array(ends[0]).reshape(-1), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("name", "event"), EVENT)
@few
@given(axis=st.sampled_from(sorted(AXES)), by=factors, scales=st.tuples(factors, factors))
def test_other_units_of_the_loss_and_the_steps_scale_a_finding(name, event, axis, by, scales):
    compare(name, PLANTED[name][event](AXES[axis])[0], by, scales)


@pytest.mark.parametrize("name", DETECTORS)
@few
@given(which=st.sampled_from(sorted(NULLS)), seed=st.integers(0, 9), by=factors, scales=st.tuples(factors, factors))
def test_other_units_change_no_other_answer(name, which, seed, by, scales):
    """But for its effects, which may be read off the one or the other of two peaks that are as high."""
    log = null(which, needed(name), seed)
    other, _ = rescaled(name, log, by, scales)
    before, after = asked(name, log), asked(name, other)
    assert (after.state, after.phase) == (before.state, before.phase), (before.reason, after.reason)


@pytest.mark.parametrize(("name", "event"), [pair for pair in EVENT if pair[0] not in NOT_PROLONGED])
@few
@given(axis=st.sampled_from(sorted(AXES)), share=st.floats(0.001, 1))
def test_an_end_that_goes_on_as_it_was_changes_no_finding(name, event, axis, share):
    log, _ = PLANTED[name][event](AXES[axis])
    before, after = asked(name, log), asked(name, prolonged(log, share))
    assert before.found and after.found, after.reason
    assert (after.onset, after.phase) == (before.onset, before.phase)


@pytest.mark.parametrize("name", NOT_PROLONGED)
def test_the_exception_is_one(name):
    for event in PLANTED[name].values():
        log, _ = event(AXES["linear"])
        assert asked(name, log).found and asked(name, prolonged(log, 1.0)).state is State.ABSENT


@pytest.mark.parametrize("name", DETECTORS)
@few
@given(data=st.data())
def test_order_of_columns_and_of_runs_is_irrelevant(name, data):
    """Of columns within a log, also of those that it does not read; of logs, one after the other."""
    runs = [event(AXES["linear"])[0] for event in PLANTED[name].values()]
    runs += [null(which, needed(name)) for which in data.draw(st.lists(st.sampled_from(sorted(NULLS)), max_size=3))]
    first = [plain(asked(name, run)) for run in runs]
    for i in data.draw(st.permutations(range(len(runs)))):
        columns = {**runs[i].channels, **null("staircase", ["unknown"], seed=1).channels, **runs[i].channels}
        extra = [c for c in columns if c in runs[i].channels or c not in needed(name)]
        log = Log({channel: columns[channel] for channel in data.draw(st.permutations(extra))})
        assert plain(asked(name, log)) == first[i]


@few
@given(data=st.data())
def test_order_of_columns_rows_and_files_is_irrelevant_from_the_file_on(data, tmp_path_factory):
    """Two runs whose rows are mixed, in one file; columns of two names for one channel; files in any order."""
    folder = tmp_path_factory.mktemp("logs")
    rng = np.random.default_rng(0)
    loss = {"a": np.exp(-np.arange(40) / 9), "b": 1 + 0.1 * rng.normal(size=40)}
    columns = ["run", "step", "loss", "train/loss", "val_acc", "lr"]
    rows = {
        run: [[run, str(i), f"{y[i]:.6g}", f"{2 * y[i]:.6g}", f"{1 - y[i] / 3:.6g}", "0.1"] for i in range(40)]
        for run, y in loss.items()
    }

    def written(path, order, turns):
        left = {run: iter(lines) for run, lines in rows.items()}
        lines = [columns, *(next(left[run]) for run in turns)]
        path.write_text("\n".join(",".join(line[i] for i in order) for line in lines) + "\n")
        return path

    def told(paths):
        reads, failed = detect.inspect_paths(paths, {})
        assert not failed
        return {(r.path.name, r.reading.run): [(a.detector, plain(a.finding)) for a in r.answers] for r in reads}

    turns = data.draw(st.permutations(["a"] * 40 + ["b"] * 40))
    plainly = written(folder / "x.csv", range(len(columns)), ["a"] * 40 + ["b"] * 40)
    before = told([plainly])
    assert {run for _, run in before} == {"a", "b"}
    (folder / "other").mkdir()
    mixed = written(folder / "other" / "x.csv", data.draw(st.permutations(range(len(columns)))), turns)
    assert told([mixed]) == before
    second = written(folder / "y.csv", range(len(columns)), turns)
    assert told([second, plainly]) == told([plainly, second])


odd = st.sampled_from([0.0, -0.0, 1.0, 0.5, -1.0, 5e-324, 1e-300, 1e300, -1e300, math.nan, math.inf, -math.inf])
number = st.one_of(odd, st.floats(-2, 2), st.floats())


@st.composite
def curves(draw):
    """Any curve: any numbers, held for a while or not, at steps from 0 on that increase, or none at all."""
    times = draw(st.lists(st.tuples(number, st.integers(1, 12)), max_size=15))
    values = np.array([value for value, held in times for _ in range(held)], np.float64)
    if draw(st.booleans()):
        return np.arange(float(values.size)), values
    start, gaps = draw(st.floats(0, 1e9)), draw(st.floats(1e-3, 1e9))
    return start + gaps * np.arange(values.size) ** draw(st.sampled_from([1.0, 2.0, 0.5])), values


@pytest.mark.parametrize("name", DETECTORS)
@many
@given(data=st.data())
def test_no_input_makes_it_raise(name, data):
    """Any numbers on any axes; within a hundred decades all that it says is finite."""
    given_curves = {channel: data.draw(curves(), channel) for channel in needed(name)}
    whole = {channel: (t, y) for channel, (t, y) in given_curves.items() if (np.diff(t) > 0).all()}
    finding = asked(name, Log(whole))
    assert isinstance(finding, Finding) and finding.reason and "\n" not in finding.reason
    assert math.isfinite(finding.onset) == finding.found
    sizes = np.concatenate([np.abs(y[np.isfinite(y) & (y != 0)]) for _, y in whole.values()] or [np.ones(1)])
    if sizes.size == 0 or (sizes.min() > 1e-50 and sizes.max() < 1e50):
        assert all(math.isfinite(effect.value) for effect in finding.effects.values()), finding


def test_settles_at_where_smoothing_takes_the_start_away():
    """Every smoothed record is at the level, and none before it."""
    values = np.r_[1.0, np.zeros(7)]
    assert asked("settles_at", Log.of(np.arange(8), value=values, level=np.zeros(8))).reason


@pytest.mark.parametrize("name", ["ends_below", "exceeds_bound", "settles_at"])
def test_steps_below_zero(name):
    t = np.arange(-100.0, -70.0)
    asked(name, Log({channel: (t, np.linspace(1, 2, t.size) * (i + 1)) for i, channel in enumerate(needed(name))}))
