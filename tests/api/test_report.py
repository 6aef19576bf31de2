"""`bestiary.detect`: files, and runs in memory, judged as the command judges them."""

import numpy as np
import pandas as pd
import pytest
from curves import bursts
from matplotlib.text import Text
from written_logs import T, spiky

import bestiary
from bestiary.about import Severity
from bestiary.log import State

LOSS = bursts(T, [1000, 2000, 3000])["loss"].values


def test_a_file_and_the_same_run_in_memory_give_the_same(tmp_path):
    file = bestiary.detect(spiky(tmp_path / "x.csv"))
    frame = bestiary.detect(pd.DataFrame({"step": T, "loss": LOSS}))
    plain = bestiary.detect({"step": T, "loss": LOSS})
    log = bestiary.detect(bestiary.Log.of(T, loss=LOSS))
    assert repr(file).startswith(f"{tmp_path / 'x.csv'}\n")
    assert {repr(report).splitlines()[0] for report in (frame, plain, log)} == {"in memory"}
    assert "in memory: spikes" in [text.get_text() for text in plain.plot().findobj(Text)]
    for report in (file, frame, plain, log):
        (found,) = [a for _, a in report.found if a.detector == "spikes"]
        assert found.finding.state is State.FOUND and abs(found.finding.onset - 1000) < 20
        assert report.worst is Severity.WARNING and len(report) == 1


def test_it_prints_as_the_command_does(tmp_path, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as in a notebook's kernel: a repr is plain text all the same
    report = bestiary.detect(str(spiky(tmp_path / "x.csv")))
    assert "spikes" in repr(report) and "1 run:" in repr(report) and "\x1b" not in repr(report)
    assert "<p>1 run: 1 found" in report._repr_html_() and "spikes" in report._repr_html_()
    frame = report.to_frame()
    assert list(frame["detector"]) == ["spikes"] and frame["severity"][0] == "warning"
    assert len(report.to_frame(everything=True)) > 10
    assert len(report.plot().axes) == 1


def test_several_paths_and_one_that_cannot_be_read(tmp_path):
    spiky(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_bytes(b"step,loss\n1,\xff\xfe\x00\n")
    report = bestiary.detect([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert len(report) == 1 and len(report.unread) == 1 and "b.csv" in report.unread[0]
    assert "b.csv" in repr(report)


def test_names_and_thresholds_can_be_told():
    made = {"i": T, "objective_7": LOSS}
    told = bestiary.detect({"step": T, "loss": LOSS}, thresholds={"spikes": {"height": 1e6}})
    assert [a.detector for _, a in told.found] == ["spike"]
    named = bestiary.detect(made, channels={"step": "i", "train_loss": "objective_7"})
    assert [a.detector for _, a in named.found] == ["spikes"]


def test_names_are_escaped_in_notebooks():
    report = bestiary.detect({"step": T, "loss": LOSS})
    report.runs = (report.runs[0]._replace(path=type(report.runs[0].path)("<script>x</script>.csv")),)
    assert "<script>" not in report._repr_html_()


@pytest.mark.parametrize(
    ("source", "more", "text"),
    [
        ("nowhere.csv", {}, "nowhere.csv: no such file or folder"),
        ({}, {}, "no column of numbers"),
        ({"loss": ["a", "b"]}, {}, "no column of numbers"),
        ({"a": np.arange(3.0), "loss": np.arange(4.0)}, {}, "columns of different length"),
        ({"loss": LOSS}, {"channels": {"lozz": "loss"}}, "lozz"),
        ({"loss": LOSS}, {"thresholds": {"spikelet": {"height": 2}}}, "spikelet: no such detector"),
    ],
)
def test_a_mistake_is_one_line(source, more, text):
    with pytest.raises(ValueError, match=text) as caught:
        bestiary.detect(source, **more)
    assert "\n" not in str(caught.value)


def test_runs_and_logs_in_memory(entry, ds):
    report = bestiary.detect(ds)
    assert len(report) == 6 and report.runs[0].reading.run == "lr 0.9, seed 0"
    logs = ds.bestiary.logs()
    again = bestiary.detect(logs)
    assert [repr(run.answers) for run in again] == [repr(run.answers) for run in report]
