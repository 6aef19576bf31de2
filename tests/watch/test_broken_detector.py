"""A detector that raises an exception: one line, what the others found, and a status of its own."""

import json

import numpy as np
import pytest
from curves import bursts
from log_files import asked

from bestiary.watch import detect
from bestiary.watch.detect import DetectorFailed
from bestiary.watch.follow import Follower, News, Remark

T = np.arange(4000.0)
LOSS = bursts(T, [1000, 2000, 3000])["loss"].values


@pytest.fixture
def logs(tmp_path, monkeypatch):
    """Two logs with spikes, and a detector that is broken."""

    def broken(log):
        raise IndexError("index 3 is\nout of bounds")

    monkeypatch.setitem(detect.detectors(), "hump", (broken, ("loss",)))
    for name in ("a", "b"):
        rows = "".join(f"{step:g},{y:.8g}\n" for step, y in zip(T, LOSS, strict=True))
        (tmp_path / f"{name}.csv").write_text(f"step,loss\n{rows}")
    return tmp_path


@pytest.mark.parametrize("words", [[], ["--json"], ["--fail-on", "never"]])
def test_detect_reports_the_others_and_ends_with_70(words, logs):
    done = asked(logs, *words)
    assert done.exit_code == 70
    (line,) = done.stderr.splitlines()  # of two runs, once
    assert line.startswith("hump: IndexError: index 3 is out of bounds; ") and "please report it" in line
    if words == ["--json"]:
        runs = json.loads(done.stdout)["runs"]
        assert [[f["detector"] for f in run["findings"]] for run in runs] == [["spike", "spikes"]] * 2
    else:
        assert "2 runs: 2 found" in done.stdout


def test_watch_goes_on(logs):
    follower = Follower(logs / "a.csv")
    events = list(follower.poll())
    assert [event.notice.detector for event in events if isinstance(event, News)] == ["spikes"]
    assert sum("hump: IndexError" in event.text for event in events if isinstance(event, Remark)) == 1
    with (logs / "a.csv").open("a") as file:
        file.write("4000,1\n")
    assert list(follower.poll()) == []


def test_python_is_warned(logs):
    with pytest.warns(DetectorFailed, match="^hump: IndexError"):
        runs, failed = detect.inspect_paths([logs], {})
    assert len(runs) == 2 and failed == []
