"""Thresholds that a user sets: read, refused in one line, used everywhere, and told."""

import json

import numpy as np
import pytest
from curves import NULLS, T, bursts
from log_files import asked, report

from bestiary import Monitor
from bestiary.log import Log, State
from bestiary.watch import detect, thresholds
from bestiary.watch.follow import Follower, News

LOW = bursts(T, [300, 500, 700], height=1.6, width=10, fall=0)


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "log.csv"
    t, y = LOW["loss"]
    file.write_text("step,loss\n" + "".join(f"{a:g},{b!r}\n" for a, b in zip(t, y.tolist(), strict=True)))
    return file


def test_what_is_set_is_used_and_told_without_rates_that_were_not_measured(path):
    assert asked(path).exit_code == 0
    done = asked(path, "--set", "spikes.height=1.3", "--set", "spikes.at_least=2")
    assert done.exit_code == 1 and "spikes, height 1.3, at_least 2" in " ".join(done.stdout.split())
    (run,) = report(path, "--set", "spikes.height=1.3")["runs"]
    (finding,) = [f for f in run["findings"] if f["detector"] == "spikes"]
    assert finding["thresholds"] == {"height": 1.3} and finding["hit"] is None and finding["onset"] == 300


@pytest.mark.parametrize(("word", "said"), [
    ("height=3", "height=3: want DETECTOR.THRESHOLD=VALUE, such as spikes.height=1.3"),
    ("spikes.height", "want DETECTOR.THRESHOLD=VALUE"),
    ("spikes.height=low", "want DETECTOR.THRESHOLD=VALUE"),
    ("spikelet.height=1", "spikelet: no such detector; there are collapse_after_fit"),
    ("spikes.hight=1", "spikes.hight=1: no such threshold; spikes has window, z, min_ratio, height"),
    ("spikes.loss=1", "no such threshold"),
    ("spikes.at_least=0", "spikes.at_least=0: want a whole number from 1 on"),
    ("spikes.window=10.5", "want a whole number from 1 on"),
    ("spikes.height=-1", "want a number above 0"),
    ("spikes.height=nan", "want a number above 0"),
    ("delayed_generalization.chance=2", "delayed_generalization: chance is 2; it is an accuracy"),
])  # fmt: skip
def test_what_cannot_be_set_is_one_line(word, said, path):
    for command in ((), ("--json",)):
        done = asked(path, "--set", word, *command)
        assert done.exit_code == 2 and done.stderr.count("\n") == 1 and "--set " in done.stderr
        assert said in done.stderr and done.stdout == ""


def test_a_threshold_that_the_log_would_tell_may_be_set():
    assert thresholds.parsed(["delayed_generalization.chance=0.1"]) == {"delayed_generalization": {"chance": 0.1}}
    made = thresholds.checked({"spikes": {"window": 32.0, "z": 5}})["spikes"]
    assert made == {"window": 32, "z": 5.0} and [type(v) for v in made.values()] == [int, float]


def test_a_monitor_and_a_watched_log_say_the_same(path):
    set_to = thresholds.parsed(["spikes.height=1.3"])
    plain, monitor = Monitor(), Monitor(thresholds=set_to)
    for step, loss in zip(*LOW["loss"], strict=True):
        plain.log(step, loss=loss)
        monitor.log(step, loss=loss)
    assert plain.finish().answers[-1].detector and "spikes" not in {n.detector for n in plain.notices}
    (answer,) = [a for a in monitor.finish().answers if a.detector == "spikes"]
    (offline,) = [a for a in detect.answers(LOW, set_to) if a.detector == "spikes"]
    assert answer.finding == offline.finding and answer.finding.found and answer.thresholds == {"height": 1.3}
    (news,) = [event for event in Follower(path, thresholds=set_to).poll() if isinstance(event, News)]
    ((told,),) = (run["findings"] for run in json.loads(news.report())["runs"])
    assert told["detector"] == "spikes" and told["thresholds"] == {"height": 1.3} and told["false_alarm"] is None
    with pytest.raises(ValueError, match="no such threshold"):
        Monitor(thresholds={"spikes": {"heights": 1}})


@pytest.mark.parametrize("detector", detect.detectors())
def test_no_value_that_may_be_set_makes_a_detector_raise(detector):
    function, reads = detect.detectors()[detector]
    logs = [make(np.random.default_rng(0)).log(reads) for make in NULLS.values()] + [Log({}), LOW]
    for name, default in thresholds.known(detector).items():
        for value in (1, 10**6) if type(default) is int else (0.0, 1e-300, 0.5, 1e6, 1e300):
            try:
                own = thresholds.checked({detector: {name: value}})[detector]
            except ValueError:
                continue
            with np.errstate(all="ignore"):
                for log in logs:
                    assert isinstance(function(log, **own).state, State)
