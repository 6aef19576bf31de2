"""Monitor: what it finds while a run goes on, when, at what cost; and that its end agrees with `bestiary detect`."""

import json
import math
import runpy
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from curves import AXES, EVENTS, NULLS, bursts, null
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.about import Severity
from bestiary.log import Finding, Log, State
from bestiary.logs import thinning
from bestiary.logs.run_table import Unreadable
from bestiary.watch import detect
from bestiary.watch.buffer import LEAST
from bestiary.watch.monitor import GROWTH, Monitor
from bestiary.watch.notice import settled

quick = settings(deadline=None, max_examples=15, derandomize=True)
T = np.arange(1000.0)
COLUMNS = {"loss", "train_loss", "test_loss", "train_acc", "test_acc", "edge_ratio", "kernel_distance", "spread"}
KNOWN = [(d, e) for d, events in EVENTS.items() for e in events if {*EVENTS[d][e](T)[0].channels} <= COLUMNS]


def rows(log, keep=lambda name, i: True):
    """[(step, {channel: value})] of a log, as a loop would have written it."""
    made = {}
    for name, (steps, values) in log.channels.items():
        for i, (step, value) in enumerate(zip(steps.tolist(), values.tolist(), strict=True)):
            if keep(name, i):
                made.setdefault(step, {})[name] = value
    return sorted(made.items())


def fed(monitor, written):
    """Every notice, in order."""
    return [notice for step, metrics in written for notice in monitor.log(step, metrics)]


def plain(finding: Finding):
    """All that a finding says, with nan equal to nan."""
    return repr((finding.state, finding.reason, finding.onset, finding.effects, finding.spans, finding.phase))


def said(answers):
    return {answer.detector: plain(answer.finding) for answer in answers}


def offline(path, written):
    """What `bestiary detect` says of the same records."""
    path.write_text("".join(json.dumps({"step": step, **metrics}) + "\n" for step, metrics in written))
    (read,), failed = detect.inspect_paths([path], {})
    assert not failed
    return said(read.answers)


def spiky(n=4000):
    t = np.arange(float(n))
    return bursts(t, [n // 4, n // 2, 3 * n // 4], width=n / 400)


@quick
@given(
    which=st.sampled_from(KNOWN), extra=st.sampled_from(sorted(NULLS)), every=st.integers(1, 7), cut=st.floats(0.3, 1)
)
def test_the_end_agrees_with_detect(which, extra, every, cut, tmp_path_factory):
    """The tested property of the class: one record at a time, or all from a file, the answers are the same."""
    event, _ = EVENTS[which[0]][which[1]](T)
    more = null(extra, seed=every)
    both = Log({**{n: more[n] for n in ("test_loss", "test_acc") if more[n].steps.size}, **event.channels})
    sparse = rows(both, lambda name, i: not name.startswith("test") or i % every == 0)
    written = sparse[: math.ceil(cut * len(sparse))]
    monitor = Monitor()
    fed(monitor, written)
    assert said(monitor.finish().answers) == offline(tmp_path_factory.mktemp("x") / "x.jsonl", written)


@pytest.mark.parametrize("which", KNOWN, ids="-".join)
def test_finds_every_planted_event(which):
    written = rows(EVENTS[which[0]][which[1]](AXES["linear"])[0])
    monitor = Monitor()
    seen = fed(monitor, written)
    summary = monitor.finish()
    assert which[0] in [notice.detector for notice in [*seen, *summary.new]]
    assert {n.detector for n in [*seen, *summary.new]} == {n.detector for n in monitor.notices}


def test_each_finding_is_given_once_and_while_the_run_goes_on():
    called = []
    monitor = Monitor([called.append])
    seen = fed(monitor, rows(spiky()))
    assert [notice.detector for notice in seen] == ["spike", "spikes"] == [notice.detector for notice in called]
    assert monitor.finish().new == () and len(called) == 2 and monitor.worst is Severity.WARNING
    first, notice = seen
    assert 1000 < first.at <= GROWTH * 1100 and str(first).endswith(f"what people do: {first.answer.about.do}")
    assert 3000 < notice.at <= GROWTH * 3100  # no later than the growth of the records allows
    assert abs(notice.answer.finding.onset - 1000) < 20
    assert str(notice).startswith(f"step {notice.at:g}: warning: spikes from step 100") and "\n" not in str(notice)


def test_a_smaller_growth_is_sooner():
    at = [fed(Monitor(growth=growth), rows(spiky()))[1].at for growth in (1.05, 1.3)]
    assert 3000 < at[0] < at[1]
    assert at[0] <= 1.05 * 3100


def test_finish_finds_what_no_check_was_due_for():
    called = []
    monitor = Monitor(called.append, growth=1e9)
    assert fed(monitor, rows(spiky())) == []
    summary = monitor.finish()
    assert [notice.detector for notice in summary.new] == ["spikes"] and called == list(summary.new)
    assert monitor.finish().new == ()


def test_what_the_whole_run_denies_is_withdrawn_at_the_end():
    dip = np.where((T > 300) & (T < 700), 0.3, 0.95)
    monitor = Monitor()
    seen = fed(monitor, rows(Log.of(T, train_acc=dip)))
    assert [notice.detector for notice in seen] == ["decline"]
    summary = monitor.finish()
    assert summary.withdrawn == tuple(seen) and summary.new == ()
    steady = Monitor()
    fed(steady, rows(spiky()))
    assert steady.finish().withdrawn == ()


def test_to_diverge_denies_nothing_that_was_found_before():
    log = spiky()
    values = np.where(log["loss"].steps < 3900, log["loss"].values, np.nan)
    monitor = Monitor()
    seen = fed(monitor, rows(Log.of(log["loss"].steps, loss=values)))
    assert [(n.detector, n.severity) for n in seen[1:]] == [("spikes", Severity.WARNING), ("diverged", Severity.ERROR)]
    assert monitor.finish().withdrawn == () and monitor.worst is Severity.ERROR


def test_the_third_record_that_is_not_finite_is_told_at_once():
    loss = np.where(T == 503, np.inf, np.where(T >= 700, np.nan, 1 / (1 + T)))
    (notice,) = fed(Monitor(), rows(Log.of(T, train_loss=loss, grad_norm=np.ones(T.size))))
    assert (notice.detector, notice.at) == ("diverged", 702)
    assert "not finite from step 700" in notice.answer.finding.reason


def test_one_record_that_is_not_finite_is_no_divergence_while_the_run_goes_on():
    """Even where a check falls on it, as on the last of the first sixteen."""
    monitor = Monitor()
    for step in range(LEAST):
        assert not monitor.log(
            step, train_loss=1.0 if step < LEAST - 2 else math.nan, val_loss=math.nan if step == 5 else None
        )
    assert [n.detector for n in monitor.finish().new] == ["diverged"]  # it did not go on
    short = settled(Log.of(T[:2], loss=[np.nan, np.nan]))
    assert short["loss"].steps.size == 0
    assert settled(Log.of(T[:3], loss=np.full(3, np.nan)))["loss"].steps.size == 3


def test_a_record_costs_microseconds():
    """CPU time of the whole loop, detectors and all, over the number of calls."""
    rng = np.random.default_rng(0)
    n = 20_000
    noise = (np.exp(-np.arange(n) / n + 0.1 * rng.normal(size=n))).tolist()
    best = math.inf
    for _ in range(3):
        monitor, since = Monitor(), time.process_time()
        for step, y in enumerate(noise):
            monitor.log(
                step, train_loss=y, train_acc=1 - y / 2, val_loss=y, grad_norm=y, lr=0.1, samples_per_second=3.0
            )
        best = min(best, (time.process_time() - since) / n)
        if best < 50e-6:
            break
    assert best < 50e-6, f"{1e6 * best:.0f} us"


def test_the_detectors_are_asked_a_logarithmic_number_of_times(monkeypatch):
    asked = []
    monitor = Monitor()
    monkeypatch.setattr(Monitor, "_look", lambda self, due, look=Monitor._look: asked.append(due) or look(self, due))
    fed(monitor, rows(spiky(10_000)))
    most = math.log(10_000 / LEAST) / math.log(GROWTH) + 2
    assert most / 2 < len(asked) <= most


@quick
@given(n=st.integers(0, 700), most=st.integers(64, 99))
def test_memory_is_bounded_and_thinned_as_a_whole_log_is(n, most):
    t = np.arange(float(n))
    monitor = Monitor(records=most, growth=100.0)
    fed(monitor, rows(Log.of(t, loss=np.cos(t), val_loss=t)))
    if n < 2:
        assert monitor.finish().reading is None
        return
    log = monitor.finish().reading.log
    for name, values in (("train_loss", np.cos(t)), ("test_loss", t)):
        steps, kept = thinning.thinned(t, values, most)
        np.testing.assert_array_equal(log[name].steps, steps)
        np.testing.assert_array_equal(log[name].values, kept)
        assert steps.size <= most and (n <= most or steps.size > most // 2)
    assert said(monitor.finish().answers) == said(detect.answers(log))


def test_nothing_is_kept_of_columns_that_are_no_channel():
    monitor = Monitor(records=64)
    for step in range(5000):
        monitor.log(step, {f"layer_{step}/norm": 1.0, "loss": 1.0, "note": "text"})
    kept = [buffer for buffer in monitor._buffers.values()]
    assert len(kept) == 1 and len(kept[0].steps) <= 64 and len(monitor._ignored) <= 4096


def test_of_a_step_logged_again_the_later_record_is_read(tmp_path):
    """A run that goes back to step 600 after a resume, with other numbers."""
    first, again = rows(Log.of(T[:800], loss=1 / (1 + T[:800]))), rows(Log.of(T[600:], loss=2 / (1 + T[600:])))
    monitor = Monitor()
    with pytest.warns(UserWarning, match=r"^Monitor.log: loss goes from step 799 back to 600, as after a resume"):
        fed(monitor, first + again)
    summary = monitor.finish()
    curve = summary.reading.log["train_loss"]
    np.testing.assert_array_equal(curve.steps, T)
    np.testing.assert_array_equal(curve.values, np.where(T < 600, 1, 2) / (1 + T))
    assert said(summary.answers) == offline(tmp_path / "x.jsonl", first + again)
    assert "overwritten" in summary.reading.notes[0]


def test_columns_are_channels_by_the_same_table_as_in_files():
    monitor = Monitor(channels={"spread": "within/between"})
    for step in range(3):
        monitor.log(step, {"Train/Loss": 1.0, "val": {"acc1": 50.0}, "within/between": 0.1}, lr=0.1)
    reading = monitor.finish().reading
    assert {use.column: use.channel for use in reading.uses} == {
        "Train/Loss": "train_loss", "val/acc1": "test_acc", "within/between": "spread", "lr": "lr",
    }  # fmt: skip
    assert reading.log["test_acc"].values[0] == 0.5 and "loss" in reading.log


def test_values_of_every_kind():
    class Lazy:
        """As an array on a device is."""

        def item(self):
            return 2.0

    monitor = Monitor()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for step in np.arange(3, dtype=np.int32):
            monitor.log(step, loss=np.float32(1.5), acc=np.ones((1, 1)), val_loss=Lazy(), val_acc=1)
            monitor.log(step, lr=None, grad_norm=np.ones(3), train_loss="1.0", weight_norm=True, spread=[1.0])
    assert [str(w.message) for w in caught] == [
        "Monitor.log: grad_norm is no single number but ndarray; not recorded",
        "Monitor.log: train_loss is text, '1.0'; not recorded",
        "Monitor.log: weight_norm is no single number but bool; not recorded",
        "Monitor.log: spread is no single number but list; not recorded",
    ]
    assert {w.filename for w in caught} == {__file__}  # the caller's line
    log = monitor.finish().reading.log
    assert {n: float(c.values[0]) for n, c in log.channels.items()} == {
        "train_loss": 1.5, "loss": 1.5, "train_acc": 1.0, "test_loss": 2.0, "test_acc": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize("step", [math.nan, math.inf, "soon", None, [1]])
def test_a_bad_step_is_said(step):
    with pytest.raises(ValueError, match=r"^Monitor.log: step is .*; want a finite number$"):
        Monitor().log(step, loss=1.0)


@pytest.mark.parametrize(("options", "told"), [
    ({"growth": 1.0}, "growth is 1; want a number above 1"),
    ({"growth": math.nan}, "growth is nan"),
    ({"records": 10}, "records is 10"),
    ({"channels": {"speed": "x"}}, "speed=x: no detector reads that"),
    ({"channels": {"step": "x"}}, "step=x names no channel"),
])  # fmt: skip
def test_bad_options_are_said(options, told):
    with pytest.raises(ValueError, match=told):
        Monitor(**options)
    assert issubclass(Unreadable, ValueError)


def test_a_finding_may_stop_the_run_and_is_not_told_again():
    class Stop(Exception):
        """What a training loop may raise."""

    def stop(notice):
        raise Stop(notice.detector)

    monitor, written = Monitor(stop), rows(spiky())
    with pytest.raises(Stop, match="spike"):
        fed(monitor, written)
    assert monitor.finish().new == () and len(monitor.notices) == 1


def test_without_a_curve_there_is_no_summary():
    monitor = Monitor()
    assert monitor.finish() == ((), (), (), None)
    monitor.log(0, loss=1.0)
    assert monitor.finish() == ((), (), (), None) and monitor.worst is None
    monitor.log(1, loss=1.0)
    states = {answer.finding.state for answer in monitor.finish().answers}
    assert states and State.FOUND not in states


def test_imports_no_jax():
    code = "import sys, bestiary.watch.monitor, bestiary.watch.follow, bestiary.callbacks; print('jax' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_the_example_is_stopped_when_it_is_lost(capsys):
    file = Path(__file__).resolve().parents[2] / "examples" / "optax_loop.py"
    main = runpy.run_path(str(file))["main"]
    assert main(lr=0.21).worst is Severity.ERROR
    assert "error: lost" in capsys.readouterr().out
    assert main(lr=0.1, steps=100).notices == ()


def test_a_monitor_is_printed_by_what_it_has():
    monitor = Monitor()
    assert repr(monitor) == "Monitor(0 channels, 0 records, 0 notices)"
    for step in range(40):
        monitor.log(step, loss=1.0 if step < 30 else math.nan, acc=0.5, note=1)
    assert repr(monitor) == "Monitor(2 channels, 80 records, 1 notice)"
