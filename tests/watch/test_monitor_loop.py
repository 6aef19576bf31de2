"""Monitor in a training loop that must neither stop nor wait: long runs, odd values, threads, alerts that raise."""

import copy
import math
import pickle
import threading
import time
import warnings

import numpy as np
import pytest

from bestiary.log import Log
from bestiary.watch import detect, glimpse
from bestiary.watch.detect import DetectorFailed
from bestiary.watch.monitor import BUDGET, Monitor


def curve(n):
    """A falling, noisy loss with three spikes of four records."""
    rng = np.random.default_rng(0)
    loss = np.exp(-np.arange(n) / n) * (1 + 0.05 * rng.normal(size=n))
    for start in (n // 3, n // 2, 2 * n // 3):
        loss[start : start + 4] *= 5
    return loss


def counted(monkeypatch):
    """Count the records that detectors read; the list's last number is that of the call that goes on."""
    read = [0]

    def counting(function, channels):
        def asked(log, **own):
            read[-1] += sum(log[name].steps.size for name in channels if name in log)
            return function(log, **own)

        return asked, channels

    made = {name: counting(*detector) for name, detector in detect.detectors().items()}
    monkeypatch.setattr(detect, "detectors", lambda: made)
    return read


def test_a_call_of_log_asks_no_more_than_its_budget_at_any_length(monkeypatch):
    read = counted(monkeypatch)
    n, names = 30_000, ("train_loss", "val_loss", "train_acc", "val_acc", "grad_norm", "edge_ratio", "spread")
    monitor, y = Monitor(), curve(n).tolist()
    for step in range(n):
        read.append(0)
        monitor.log(step, dict.fromkeys(names, y[step]))
    most = glimpse.RECORDS * (1 + 1 / glimpse.SHARE) + 64
    assert max(read) <= BUDGET + 4 * most  # a detector reads four channels at most, and one more may be asked
    assert sum(read) / n < 100  # [record] a step: what the run costs does not grow with it
    read.append(0)
    monitor.finish()
    assert read[-1] > 10 * max(read[:-1])  # all of it, at once


def test_a_call_of_log_takes_tens_of_milliseconds():
    """CPU time of the longest call, with room for a machine that is busy."""
    n, longest = 60_000, math.inf
    y = curve(n).tolist()
    for _ in range(3):
        monitor, worst = Monitor(), 0.0
        for step in range(n):
            since = time.thread_time()
            monitor.log(step, train_loss=y[step], grad_norm=y[-step])
            worst = max(worst, time.thread_time() - since)
        longest = min(longest, worst)
        if longest < 0.05:
            break
    assert longest < 0.05, f"{1e3 * longest:.0f} ms"


def test_a_short_event_of_a_long_run_is_found_before_a_tenth_more_of_it():
    n = 60_000
    monitor = Monitor()
    for step, y in enumerate(curve(n).tolist()):
        monitor.log(step, loss=y)
    notice = monitor.notices[-1]
    assert notice.detector == "spikes" and notice.answer.finding.onset == n // 3
    assert 2 * n / 3 < notice.at < 2 * n / 3 * 1.1 + 20
    assert monitor.finish().new == ()


def test_the_same_records_are_found_at_the_same_step_on_a_slow_machine(monkeypatch):
    """Processes of one run stop at one step: no clock decides."""
    y = curve(4000).tolist()

    def notices():
        monitor = Monitor()
        return [(n.detector, n.at) for step in range(4000) for n in monitor.log(step, loss=y[step], val_loss=y[step])]

    first = notices()
    slow, channels = detect.detectors()["spikes"]
    monkeypatch.setitem(
        detect.detectors(), "spikes", (lambda log, **own: time.sleep(0.01) or slow(log, **own), channels)
    )
    assert notices() == first and first


class Odd:
    """A value that raises when it is read."""

    def __init__(self, error, by="__float__"):
        self.error = error
        if by == "item":
            self.item = self.fail

    def fail(self):
        raise self.error

    __float__ = fail


ODD = [
    "x", b"1", 10**400, np.ones(2), np.array([]), np.array(["a"]), 1j, np.datetime64("2020-01-01"), [1], {1}, object(),
    Odd(KeyError("boom")), Odd(MemoryError(), "item"), Odd(AttributeError("x"), "item"), Odd(ZeroDivisionError()),
    Odd(AssertionError()), Odd(NotImplementedError()), Odd(RuntimeError("device lost"), "item"), Odd(StopIteration()),
]  # fmt: skip


@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
def test_a_value_that_is_none_is_said_once_and_no_more(value):
    monitor = Monitor()
    with pytest.warns(UserWarning, match=r"^Monitor.log: loss is (text|no single number)") as caught:
        for step in range(40):
            monitor.log(step, {"loss": value if step % 3 == 1 else 1.0, "val_loss": None, "note": value})
    assert len(caught) == 1
    assert monitor.finish().reading.log["train_loss"].steps.size == 27


@pytest.mark.parametrize("key", [1, None, ("a",), b"x", 3.5])
def test_a_name_that_is_no_text_is_said_once(key):
    monitor = Monitor()
    with pytest.warns(UserWarning, match=r"^Monitor.log: a name is of type \w+; want text$") as caught:
        for step in range(40):
            monitor.log(step, {key: 1.0, "loss": 1.0})
    assert len(caught) == 1 and monitor.finish().reading.log["loss"].steps.size == 40


def test_a_misspelt_channel_is_said_once():
    monitor = Monitor()
    told = r"^Monitor.log: trian_loss is no channel, and not recorded; did you mean train_loss\?$"
    with pytest.warns(UserWarning, match=told) as caught:
        for step in range(40):
            monitor.log(step, trian_loss=1.0, best_loss=1.0, speed=3.0)
    assert len(caught) == 1 and caught[0].filename == __file__


def test_columns_of_their_own_pace_go_back_nowhere():
    """A validation that comes later than the training step it is of is no resume."""
    monitor = Monitor()
    for step in range(100):
        monitor.log(step, train_loss=1.0)
        if step % 10 == 9:
            monitor.log(step - 5, val_loss=1.0)
    assert monitor.finish().reading.log["test_loss"].steps.size == 10


def test_mappings_without_end_are_cut_off():
    metrics = {"loss": 1.0}
    metrics["a"] = metrics
    monitor = Monitor()
    with pytest.warns(UserWarning, match="a is nested too deeply"):
        monitor.log(0, metrics)
        monitor.log(1, metrics)
    assert monitor.finish().reading.log["loss"].steps.size == 2


def test_a_detector_that_raises_is_said_once_and_the_run_goes_on(monkeypatch):
    def broken(log):
        raise IndexError("index 3 is out of bounds")

    monkeypatch.setitem(detect.detectors(), "hump", (broken, ("loss",)))
    monitor, y = Monitor(), curve(3000).tolist()
    with pytest.warns(
        DetectorFailed, match=r"^hump: IndexError: index 3 is out of bounds; .* please report it"
    ) as caught:
        for step in range(3000):
            monitor.log(step, loss=y[step])
        summary = monitor.finish()
    assert len(caught) == 1 and [notice.detector for notice in monitor.notices] == ["spike", "spikes"]
    assert "hump" not in {answer.detector for answer in summary.answers}
    with pytest.warns(DetectorFailed, match="^hump"):
        assert {a.detector for a in detect.answers(Log.of(np.arange(3000.0), loss=np.array(y)))} > {"spikes"}


def test_a_reader_that_raises_is_said_once_and_the_run_goes_on(monkeypatch):
    def broken(*args):
        raise KeyError("column")

    monitor = Monitor()
    with monkeypatch.context() as patch, pytest.warns(UserWarning, match="cannot be looked at .KeyError") as caught:
        patch.setattr("bestiary.logs.channels.readings", broken)
        for step in range(200):
            monitor.log(step, loss=1.0)
    assert len(caught) == 1 and monitor.finish().reading.log["loss"].steps.size == 200


def test_warnings_of_numpy_stay_inside(monkeypatch):
    empty = lambda log: np.mean(np.zeros(0)) and np.float64(1) / np.float64(0)  # noqa: E731
    hump, channels = detect.detectors()["hump"]
    monkeypatch.setitem(detect.detectors(), "hump", (lambda log: empty(log) and hump(log), channels))
    monitor = Monitor()
    for step in range(100):
        monitor.log(step, loss=1.0)
    assert monitor.finish().answers


def diverging(monitor):
    for step in range(40):
        monitor.log(step, loss=1 / (1 + step) if step < 30 else math.nan)


def test_every_function_is_called_whatever_another_raises():
    def failing(notice):
        raise OSError("no network")

    called = []
    monitor = Monitor([failing, called.append])
    with pytest.raises(OSError, match="no network") as raised:
        diverging(monitor)
    (notice,) = called
    assert notice.detector == "diverged" and str(notice) in raised.value.__notes__[0]
    monitor.log(40, loss=math.nan)
    assert monitor.finish().new == () and called == [notice]


def test_what_several_functions_raise_comes_together():
    def failing(notice):
        raise OSError("no network")

    def leaving(notice):
        raise SystemExit(3)

    called = []
    with pytest.raises(ExceptionGroup) as raised:
        diverging(Monitor([failing, failing, called.append]))
    assert [type(error) for error in raised.value.exceptions] == [OSError, OSError] and len(called) == 1
    with pytest.raises(SystemExit):
        diverging(Monitor([failing, leaving, called.append]))
    assert len(called) == 2


def test_a_function_may_log():
    monitor = Monitor(lambda notice: monitor.log(1000, {"spread": 1.0}))
    diverging(monitor)
    assert "spread" in monitor._buffers


def test_threads_wait_for_each_other():
    monitor, failed = Monitor(), []

    def work(k):
        try:
            for step in range(2000):
                monitor.log(step, {"val/loss" if k % 2 else "loss": 1.0, "lr": 1.0})
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a step that goes back
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == [] and {name: buffer.seen for name, buffer in monitor._buffers.items()} == {
        "loss": 4000, "val/loss": 4000, "lr": 8000,
    }  # fmt: skip


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda monitor: pickle.loads(pickle.dumps(monitor))])
def test_a_copy_goes_on(copied):
    monitor = Monitor()
    for step in range(300):
        monitor.log(step, loss=1 / (1 + step))
    again = copied(monitor)
    again.log(300, loss=0.0)
    assert (again._buffers["loss"].seen, monitor._buffers["loss"].seen) == (301, 300)
