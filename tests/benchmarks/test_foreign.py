"""benchmarks/detectors/foreign.py: a folder with planted events and a file of labels in, a table and numbers out."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from curves import T, blown_up, fallen_reward, one_spike
from healthy import healthy
from written_logs import csv

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks" / "detectors"


@pytest.fixture(autouse=True)
def path(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


def run(*words):
    return CliRunner().invoke(importlib.import_module("foreign").main, [str(word) for word in words])


@pytest.fixture
def folder(tmp_path):
    """Planted: a blow-up, three single spikes, a reward that is lost; and two healthy runs."""
    logs = tmp_path / "logs"
    (logs / "deep").mkdir(parents=True)
    quiet = 1 + 0.002 * np.sin(T)
    csv(logs / "lost.csv", loss=blown_up(T)[0]["loss"].values * quiet)
    for i, at in enumerate((300, 500, 600)):
        csv(logs / f"spike{i}.csv", loss=one_spike(T, at, 2.5)[0]["loss"].values * quiet)
    csv(logs / "deep" / "reward.csv", reward=fallen_reward(T)[0]["reward"].values * quiet)
    for seed in (0, 1):
        log = healthy("language_model", seed)
        csv(logs / f"healthy{seed}.csv", train_loss=log["train_loss"].values)
    return logs


LABELS = """file,finding,from,to
lost.csv,lost,600,
spike0.csv,spike,300,308
spike1.csv,spike,498,
spike2.csv,spike,100,110
deep/reward.csv,reward lost,,
healthy0.csv,,,
healthy1.csv
"""


def written(folder, text, name="labels.csv"):
    file = folder.parent / name
    file.write_text(text)
    return file


def test_hits_false_alarms_and_place(folder, tmp_path):
    done = run(folder, written(folder, LABELS), "--json", tmp_path / "out.json", "--show")
    assert done.exit_code == 0, done.output
    assert "elsewhere: spike2.csv: spike at step 100" in done.output
    assert "7 logs, 2 of them healthy, 5 labels; a label may be 2% of a run off" in done.output
    out = json.loads((tmp_path / "out.json").read_text())
    lost, spike, reward = (out["detectors"][name] for name in ("lost", "spike", "reward_lost"))
    assert lost["hit"] == reward["hit"] == [1, 1] and lost["place"] == {"n": 1, "median_records": 0, "median_share": 0}
    assert spike["hit"] == [2, 3] and spike["elsewhere"] == 1 and spike["place"]["median_records"] == 1  # of 0 and 2
    assert spike["hit_limits"] == pytest.approx([0.0943, 0.9916], abs=1e-4)
    assert reward["place"] == {"n": 0, "median_records": None, "median_share": None}
    assert lost["false_alarm"] == [0, 5] and lost["false_alarm_healthy"] == [0, 2]  # no loss in the reward's log
    assert lost["false_alarm_limits"] == pytest.approx([0, 0.5218], abs=1e-4)
    row = next(line for line in done.output.splitlines() if line.startswith("spike "))
    assert row.split()[1:6] == ["2/3", "9%", "to", "99%", "1"]


def test_what_is_not_labelled_is_a_false_alarm(folder):
    labels = written(folder, "file,finding\nlost.csv,\nhealthy0.csv,\n")
    done = run(folder, labels, "--show")
    assert done.exit_code == 0 and "false alarm: lost.csv: lost: loss leaves its best level" in done.output
    row = next(line for line in done.output.splitlines() if line.startswith("lost "))
    assert "1/2" in row and row.split()[1] == "-"


def test_json_labels_say_the_same(folder, tmp_path):
    names = LABELS.splitlines()[0].split(",")
    rows = [dict(zip(names, line.split(","), strict=False)) for line in LABELS.splitlines()[1:]]
    rows[0]["from"] = 600
    as_json = written(folder, json.dumps(rows), "labels.json")
    assert run(folder, as_json).output == run(folder, written(folder, LABELS)).output


def test_a_log_that_cannot_be_read_is_one_line_and_the_others_are_measured(folder):
    (folder / "broken.csv").write_text("step,loss\n0,1\n1,a\n2,b\n3,c\n")
    done = run(folder, written(folder, LABELS + "broken.csv,,,\n"))
    assert done.exit_code == 2 and "7 logs" in done.output
    assert sum("broken.csv" in line for line in done.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "want rows of file, finding, from, to"),
        ("{}", "want rows of file, finding, from, to"),
        ("[1]", "want rows of file, finding, from, to"),
        ("[{", "cannot be read"),
        ("file,found\nlost.csv,lost\n", "row 1: has a column 'found'; want file, finding, from, to"),
        ("file,finding\nlost.csv,lost,1,2,3\n", "row 1: has a column None"),
        ("file,finding\n,lost\n", "row 1: names no file"),
        ("file,finding\nlost.csv,lots\n", "row 1: no detector 'lots'; want one of diverged, "),
        ("file,finding,from\nlost.csv,lost,soon\n", "row 1: from is 'soon'; want a step, or nothing"),
        ("file,finding,from\nlost.csv,lost,nan\n", "row 1: from is 'nan'; want a step, or nothing"),
        ("file,finding,from,to\nlost.csv,lost,9,3\n", "row 1: from 9 to 3 is no stretch"),
        ("file,finding,from,to\nlost.csv,lost,,3\n", "row 1: from  to 3 is no stretch"),
        ("file,finding,from\nlost.csv,,3\n", "row 1: a healthy file has no place"),
        ("file,finding\nlost.csv,lost\nlost.csv,\n", "lost.csv has a row without a finding"),
        ("file,finding\nlust.csv,lost\n", "has no lust.csv"),
    ],
)
def test_bad_labels_are_one_line(text, told, folder):
    done = run(folder, written(folder, text))
    assert done.exit_code == 2 and told in done.output and len(done.output.splitlines()) == 1


def test_paths_that_are_not_there_are_one_line(folder, tmp_path):
    for words in ((tmp_path / "none", folder / "lost.csv"), (folder, tmp_path / "none.csv")):
        done = run(*words)
        assert done.exit_code == 2 and "none" in done.output and len(done.output.splitlines()) == 1


def test_a_column_of_an_unknown_name_is_read_where_it_is(folder, tmp_path):
    csv(folder / "deep" / "reward.csv", ep_rew_mean2=fallen_reward(T)[0]["reward"].values)
    labels, channel = written(folder, LABELS), ("--channel", "reward=ep_rew_mean2")
    assert run(folder, labels).exit_code == 2
    done = run(folder, labels, *channel, "--json", tmp_path / "out.json")
    assert done.exit_code == 0, done.output
    out = json.loads((tmp_path / "out.json").read_text())
    assert out["detectors"]["reward_lost"]["hit"] == [1, 1] and out["detectors"]["lost"]["hit"] == [1, 1]
    for word, told in (
        ("reward", "want NAME=COLUMN"),
        ("reward=x", "no log has such a column"),
        ("no=loss", "no detector reads"),
    ):
        done = run(folder, written(folder, "file\nlost.csv\n"), "--channel", word)
        assert done.exit_code == 2 and told in done.output and len(done.output.splitlines()) == 1
